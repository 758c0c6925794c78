import { type FocusEvent, useState } from 'react'

/** What is wrong with the fields of a form, by their keys. */
export type FieldFaults<Values> = { readonly [Key in keyof Values]?: string | undefined }

export interface FieldProps {
  value: string
  fault: string | undefined
  onChange: (value: string) => void
  onBlur: (event: FocusEvent) => void
}

export interface Form<Values> {
  values: Values
  /** Something was typed that is not what the form began with. */
  isDirty: boolean
  /** Grows with each submission that the form itself refused. */
  refusals: number
  field: (key: keyof Values) => FieldProps
  set: (values: Values) => void
  /** Calls what sends the values, unless something is wrong with one of them. */
  submit: (send: (values: Values) => void) => void
}

/**
 * What is typed in a form, and what is wrong with it.
 *
 * A field says its fault once it was left, and all of them when they are sent. What the server refused
 * is said as long as that is what is typed.
 */
export function useForm<Values extends { [Key in keyof Values]: string }>(
  start: Values,
  judge: (values: Values) => FieldFaults<Values>,
  refused: FieldFaults<Values> = {},
): Form<Values> {
  const [blank] = useState(start)
  const [values, set] = useState(start)
  const [left, setLeft] = useState<ReadonlySet<keyof Values>>(new Set())
  const [refusals, setRefusals] = useState(0)
  const [sent, setSent] = useState<Values | null>(null)
  const faults = judge(values)
  const keys = Object.keys(values) as (keyof Values)[]

  function faultOf(key: keyof Values) {
    // Nobody wants to hear of an empty field while on the way to it.
    const isTold = refusals > 0 || (left.has(key) && values[key] !== '')
    return (isTold ? faults[key] : undefined) ?? (sent?.[key] === values[key] ? refused[key] : undefined)
  }
  return {
    values,
    isDirty: keys.some((key) => values[key] !== blank[key]),
    refusals,
    field: (key) => ({
      value: values[key],
      fault: faultOf(key),
      onChange: (value) => set((now) => ({ ...now, [key]: value })),
      onBlur: ({ relatedTarget }) => {
        // A note that appears would move the button from under the pointer.
        if (!(relatedTarget instanceof HTMLButtonElement)) setLeft((now) => new Set(now).add(key))
      },
    }),
    set,
    submit(send) {
      if (keys.some((key) => faults[key] !== undefined)) return setRefusals((count) => count + 1)
      setSent(values)
      return send(values)
    },
  }
}
