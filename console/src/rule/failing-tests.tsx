import { Link } from '@tanstack/react-router'
import type { FailedTest, TestMismatch, TestReport } from '../api/client'
import { Problem } from '../api/problem'
import { useText } from '../i18n/use-text'
import { ROUTING_RULE } from './noun'

/** A test that a rule would fail, with the rule that it is of. */
export type FailingTest = Pick<FailedTest, 'namespace' | 'rule' | 'path' | 'description' | 'mismatches'>

/** The tests that a refusal names; none if it is about something else. */
export const failingOf = (error: unknown): FailingTest[] => (error instanceof Problem ? (error.body.failed_tests ?? []) : [])

/** The tests of a rule that a check found failing. */
export const failingAmong = (tests: readonly TestReport[], { namespace, name }: { namespace: string; name: string }): FailingTest[] =>
  tests.filter(({ passed }) => !passed).map((test) => ({ ...test, namespace, rule: name }))

/** The number of a test within its rule, from 1. */
const numberOf = ({ path }: { path: string }) => Number(path.split('/').at(-1)) + 1

/** Tests that fail: what each expects, and what happens instead. */
export function FailingTests({ tests }: { tests: readonly FailingTest[] }) {
  const { tests: text } = useText()
  return (
    <section className="notice notice-warn failing-tests" aria-label={text.failing(tests.length)}>
      <strong>{text.failing(tests.length)}</strong>
      <ul>
        {tests.map((test) => (
          <li key={`${test.namespace}/${test.rule}${test.path}`}>
            <Link to={ROUTING_RULE} params={{ namespace: test.namespace, rule: test.rule }} target="_blank">
              {test.rule}
            </Link>{' '}
            {text.nameOf(numberOf(test), test.description)}
            <Mismatches mismatches={test.mismatches} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What is not as a test expects. */
export function Mismatches({ mismatches }: { mismatches: readonly TestMismatch[] }) {
  const { tests: text } = useText()
  return (
    <dl className="mismatches">
      {mismatches.map(({ field, expected, got }) => (
        <div key={field}>
          <dt>{fieldText(field, text)}</dt>
          <dd>
            <span>{text.expected}</span> <code>{expected}</code> <span>{text.got}</span> <code>{got}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** What is compared, in words: `expect.labels["version"]` is the label `version`. */
function fieldText(field: string, text: ReturnType<typeof useText>['tests']): string {
  const label = /^expect\.labels\["(.*)"\]$/.exec(field)?.[1]
  if (label !== undefined) return text.labelOf(label)
  if (field === 'expect.verdict') return text.verdict
  if (field === 'expect.decided_by') return text.decidedBy
  return field === 'request.to' ? text.callee : field
}
