/** One event of a stream of server-sent events. */
export interface ServerEvent {
  name: string
  data: string
  /** The last id that the stream gave, with this event or before it. */
  id: string
}

/**
 * Reads server-sent events from text that comes in pieces.
 *
 * An id without data is no event, but is remembered: the stream goes on from there.
 */
export class EventReader {
  id = ''
  #rest = ''
  #name = 'message'
  #data: string[] = []

  read(piece: string): ServerEvent[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line))
  }

  #line(line: string): ServerEvent[] {
    if (line === '') return this.#end()
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (field === 'event') this.#name = value
    if (field === 'data') this.#data.push(value)
    if (field === 'id') this.id = value
    return []
  }

  #end(): ServerEvent[] {
    const event = { name: this.#name, data: this.#data.join('\n'), id: this.id }
    const isEvent = this.#data.length > 0
    this.#name = 'message'
    this.#data = []
    return isEvent ? [event] : []
  }
}
