import type { components } from './schema'

type Body = components['schemas']['Problem']

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

  get isOffline() {
    return this.status === 0
  }

  /** The first refusal of each field, by its name in the body; `metadata/env` belongs to `metadata`. */
  get byField(): Record<string, string> {
    const faults: Record<string, string> = {}
    for (const { pointer, detail } of this.body.errors ?? []) {
      const field = pointer?.split('/')[1]
      if (field) faults[field] ??= detail
    }
    return faults
  }
}
