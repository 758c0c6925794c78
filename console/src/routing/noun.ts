import type { components } from '../api/schema'

type Schemas = components['schemas']
export type Branch = Schemas['Branch']
export type Condition = Schemas['Condition']
export type Fact = Schemas['Fact']
export type FactKind = Schemas['FactKind']
export type LabelTest = Schemas['LabelTest']
export type Labels = Record<string, LabelTest>
export type Operator = Schemas['Operator']
export type Otherwise = Schemas['Otherwise']
export type Target = Schemas['Target']
export type Test = Schemas['Test']
export type WhenEmpty = Schemas['WhenEmpty']

export const FACT_KINDS = [
  'header',
  'path',
  'method',
  'query',
  'cookie',
  'argument',
  'caller_metadata',
  'caller_service',
  'caller_namespace',
  'caller_ip',
] as const satisfies readonly FactKind[]

const KEYED: ReadonlySet<FactKind> = new Set(['header', 'query', 'cookie', 'argument', 'caller_metadata'])

/** Whether there are many facts of a kind, told apart by a key. */
export const hasKey = (kind: FactKind) => KEYED.has(kind)

export const OPERATORS = [
  'exact',
  'in',
  'regex',
  'range',
  'present',
  'not_equal',
  'not_in',
  'absent',
  'same_as',
] as const satisfies readonly Operator[]

export const WHEN_EMPTY = ['next_branch', 'all_instances', 'reject'] as const satisfies readonly WhenEmpty[]
export const OTHERWISE = ['fall_through', 'reject'] as const satisfies readonly Otherwise[]

export const weightOf = ({ weight = 100 }: Pick<Target, 'weight'>) => weight
export const priorityOf = ({ priority = 0 }: Pick<Target, 'priority'>) => priority
