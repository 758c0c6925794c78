/** A rule as somebody types it as text. */
export interface Document {
  text: string
  /** Why it cannot be read. */
  fault: string | undefined
}

/** What a rule is as text. */
export const textOf = (spec: object) => JSON.stringify(spec, null, 2)

/** What tells why a text is no rule. */
interface Words {
  notJson: (said: string) => string
  notObject: string
}

/** The rule that a text says, or why it says none. */
export function readDocument<Spec>(text: string, words: Words): { spec: Spec; fault?: never } | { spec?: never; fault: string } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: words.notObject }
    return { spec: value as Spec }
  } catch (error) {
    return { fault: error instanceof Error ? words.notJson(error.message) : String(error) }
  }
}
