import { type ClientHttp2Stream, connect } from 'node:http2'
import type { Merak } from './merak'

/*
 * An application that speaks the push channel as a test wants it to: one that is slow to apply what it
 * got, or too old to understand it. What it gets it does not look at.
 */

type Value = string | number | Field[]
type Field = [number: number, value: Value]

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]
}

/** A message of protobuf: numbers, texts and messages, by the numbers of their fields. */
function message(fields: Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)])
      const content = typeof value === 'string' ? Buffer.from(value) : message(value)
      return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content])
    }),
  )
}

/** The kinds of what is subscribed to. */
const KINDS = { instances: 1, 'routing-rules': 3, 'rate-limit-rules': 4 } as const

interface Hello {
  service: string
  host: string
  sdkVersion: string
  labels: Record<string, string>
}

interface Subscribed {
  kind: keyof typeof KINDS
  service: string
}

/** A stream of `merak.v1.Discovery.Sync`; each thing that is subscribed to has its place in a list. */
export class Application {
  #stream: ClientHttp2Stream

  constructor(merak: Merak, hello: Hello, subscribed: Subscribed[]) {
    const session = connect(`http://${merak.grpc}`)
    this.#stream = session.request({
      ':method': 'POST',
      ':path': '/merak.v1.Discovery/Sync',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    // It ends with the control plane, which is ended as a crash would.
    session.on('error', () => undefined)
    this.#stream.on('error', () => undefined).resume()
    const labels = Object.entries(hello.labels).map(([key, value]): Field => [5, [[1, key], [2, value]]])
    this.#send(1, [[1, keyOf(hello.service)], [2, hello.host], [3, 'merak-test'], [4, hello.sdkVersion], ...labels])
    for (const [place, { kind, service }] of subscribed.entries()) {
      this.#send(2, [[1, place + 1], [2, KINDS[kind]], [3, keyOf(service)]])
    }
  }

  /** Says that it applied a revision of what is at a place, but for a routing rule that it does not understand. */
  acknowledge(place: number, revision: number, leftOut?: { rule: string; reason: string }) {
    const left: Field[] = leftOut ? [[3, [[1, 1], [2, [[1, 'default'], [2, leftOut.rule]]], [3, leftOut.reason]]]] : []
    this.#send(4, [[1, place + 1], [2, revision], ...left])
  }

  #send(kind: number, fields: Field[]) {
    const content = message([[kind, fields]])
    const head = Buffer.alloc(5)
    head.writeUInt32BE(content.length, 1)
    this.#stream.write(Buffer.concat([head, content]))
  }
}

const keyOf = (service: string): Field[] => [[1, 'default'], [2, service]]
