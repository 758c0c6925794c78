import type { components } from './schema'

type Schemas = components['schemas']
type Body = Schemas['Problem']
export type ProblemCode = Schemas['ProblemCode']
/** What is wrong with a part of a request, for programs. */
export type Reason = Schemas['ProblemReason']
export type ProblemPart = Schemas['ProblemError']
export type ReasonCode = Reason['code']
export type ReasonOf<Code extends ReasonCode> = Extract<Reason, { code: Code }>
/** What is in the way of a request that is right in itself, for programs. */
type Obstacle = Schemas['ProblemObstacle']
export type ObstacleCode = Obstacle['code']
export type ObstacleOf<Code extends ObstacleCode> = Extract<Obstacle, { code: Code }>
/** What is wrong with a part of a request: in the words of the control plane, and for programs if it is usual. */
export interface Refused {
  detail: string
  reason?: Reason
}

/** Why a request was not carried out: what the control plane said, or that it said nothing. */
export class Problem extends Error {
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number
  readonly body: Partial<Body>

  private constructor(message: string, status: number, body: Partial<Body>, cause?: unknown) {
    super(message, { cause })
    this.name = 'Problem'
    this.status = status
    this.body = body
  }

  static offline(cause: unknown) {
    return new Problem('no answer', 0, {}, cause)
  }

  static answered(response: Response, error: unknown) {
    const body: Partial<Body> = typeof error === 'object' && error !== null ? error : {}
    const id = response.headers.get('x-request-id')
    return new Problem(body.detail ?? response.statusText, response.status, {
      ...(id ? { request_id: id } : {}),
      ...body,
    })
  }

  /** What a request would be refused with, found out without making it: a browser takes each refusal for an error of the page. */
  static foreseen(status: 400 | 404, body: Pick<Body, 'code' | 'detail' | 'errors'>) {
    return new Problem(body.detail, status, body)
  }

  get isOffline() {
    return this.status === 0
  }
}
