import { Problem } from '../api/problem'

/** Somebody else changed a thing before it was written; nothing of it is left if they deleted it. */
export class Meanwhile<T> extends Error {
  readonly theirs: T | undefined

  constructor(theirs: T | undefined) {
    super('changed meanwhile')
    this.theirs = theirs
  }
}

/** Writes a thing over the state that it was shown in; throws {@link Meanwhile} with its state if that is another one. */
export async function unlessMeanwhile<T>(write: () => Promise<T>, read: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 412) throw error
    throw new Meanwhile(await unlessAbsent(read))
  }
}

async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined
    throw error
  }
}
