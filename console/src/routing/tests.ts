import { type FactKind, hasKey, type LabelTest, type Operator, type Test } from './noun'

/** A test of a label; a text stands for one that asks for just it. */
export const testOf = (label: LabelTest): Test => (typeof label === 'string' ? { op: 'exact', value: label } : label)

/** A test as a label says it, in its short form where there is one. */
export const labelOf = (test: Test): LabelTest => (test.op === 'exact' ? (test.value ?? '') : test)

/** The text that tests of one and of many texts have in common. */
const textsOf = ({ value, values }: Partial<Test>): string[] => values ?? (value === undefined || value === '' ? [] : [value])

/** A test with another operator, with as much of what it asked for as that one takes. */
export function withOperator<T extends Test>(test: T, op: Operator): T {
  const { value: _value, values: _values, min: _min, max: _max, fact: _fact, ...rest } = test
  const texts = textsOf(test)
  const asks = {
    exact: { value: texts[0] ?? '' },
    not_equal: { value: texts[0] ?? '' },
    regex: { value: texts[0] ?? '' },
    in: { values: texts },
    not_in: { values: texts },
    range: { min: test.min ?? 0, ...(test.max === undefined ? {} : { max: test.max }) },
    present: {},
    absent: {},
    same_as: { fact: test.fact ?? { on: 'header' as const, key: '' } },
  }
  return { ...rest, op, ...asks[op] } as T
}

/** A fact or a condition on another kind of fact, with a key only where that has one. */
export function withKind<T extends { on: FactKind; key?: string }>(fact: T, on: FactKind): T {
  const { key = '', ...rest } = fact
  return { ...rest, on, ...(hasKey(on) ? { key } : {}) } as T
}
