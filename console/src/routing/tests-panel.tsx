import { useState } from 'react'
import type { RoutingRuleSpec, TestReport } from '../api/client'
import { useText } from '../i18n/use-text'
import { Mismatches } from '../rule/failing-tests'
import { useFault } from '../rule/faults'
import { isEnabled } from '../rule/noun'
import type { Draft, RuleForm } from '../rule/use-rule-form'
import { labelText } from '../simulator/explanation'
import { Reasons } from '../simulator/reasons'
import '../styles/simulator.css'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Panel } from '../ui/page'
import { callText, deciderText, newTest, type RoutingTest } from './rule-tests'
import { TestForm } from './test-form'
import { areRowsOf, nextId, rowsOf } from './test-rows'

/** What a rule is expected to do, and whether it does. */
export function TestsPanel({ form }: { form: RuleForm<RoutingRuleSpec> }) {
  const { tests: text } = useText()
  /** The id of the test that is open. */
  const [opened, setOpened] = useState<number | null>(null)
  const { draft, check } = form
  const { spec } = draft
  const tests = spec.tests ?? []
  const [known, setRows] = useState(() => rowsOf([], tests))
  const rows = areRowsOf(known, tests) ? known : rowsOf(known, tests)
  if (rows !== known) setRows(rows)
  const fault = useFault('/tests')
  const reports = new Map((check?.tests ?? []).map((report) => [report.path, report]))
  const passed = [...reports.values()].filter((report) => report.passed).length
  function set(next: RoutingTest[]) {
    const { tests: _, ...rest } = spec
    form.setSpec(next.length > 0 ? { ...rest, tests: next } : rest)
  }
  return (
    <Panel title={text.title} actions={reports.size > 0 && <span className="muted small num">{text.passed(passed, reports.size)}</span>}>
      <div className="stack" data-at="/tests">
        <p className="muted small">{text.hint}</p>
        {tests.length === 0 && <p className="muted">{text.none}</p>}
        {tests.length > 0 && !isEnabled(spec) && <p className="muted">{text.resting}</p>}
        {tests.length > 0 && (
          <ol className="tests" aria-label={text.title}>
            {rows.map(({ id, test }, index) => (
              <TestRow
                key={id}
                index={index}
                test={test}
                draft={draft}
                report={reports.get(`/tests/${index}`)}
                isOpen={opened === id}
                open={(isOpen) => setOpened(isOpen ? id : null)}
                onChange={(next) => set(tests.with(index, next))}
                onRemove={() => {
                  if (opened === id) setOpened(null)
                  set(tests.toSpliced(index, 1))
                }}
              />
            ))}
          </ol>
        )}
        {fault && <p className="field-fault">{fault}</p>}
        <div>
          <Button
            icon="plus"
            onClick={() => {
              setOpened(nextId(rows))
              set([...tests, newTest(spec, draft)])
            }}
          >
            {text.add}
          </Button>
        </div>
      </div>
    </Panel>
  )
}

interface RowProps {
  index: number
  test: RoutingTest
  draft: Draft<RoutingRuleSpec>
  /** What became of it; none while that is not known. */
  report: TestReport | undefined
  isOpen: boolean
  open: (isOpen: boolean) => void
  onChange: (test: RoutingTest) => void
  onRemove: () => void
}

function TestRow({ index, test, draft, report, isOpen, open, onChange, onRemove }: RowProps) {
  const { tests: text } = useText()
  const at = `/tests/${index}`
  const fault = useFault(at, true)
  const isShown = isOpen || fault !== undefined
  return (
    <li data-at={at} className="test" aria-label={text.nameOf(index + 1, test.description ?? '')}>
      <div className="row wrap">
        <Outcome report={report} />
        <strong className="grow">{test.description || text.testOf(index + 1)}</strong>
        <Button aria-label={isShown ? text.doneWith(index + 1) : text.edit(index + 1)} onClick={() => open(!isShown)}>
          {isShown ? text.done : text.change}
        </Button>
        <Button kind="ghost" icon="close" aria-label={text.remove(index + 1)} onClick={onRemove} />
      </div>
      {!isShown && <Summary test={test} draft={draft} />}
      {report && !report.passed && (
        <div className="notice notice-warn">
          <Mismatches mismatches={report.mismatches} />
          {report.explanation && (
            <details className="more">
              <summary>{text.why}</summary>
              <Reasons told={report.explanation} unreached={[]} />
            </details>
          )}
        </div>
      )}
      {isShown && <TestForm at={at} test={test} draft={draft} onChange={onChange} />}
    </li>
  )
}

function Outcome({ report }: { report: TestReport | undefined }) {
  const { tests: text } = useText()
  if (!report) return <span className="badge">{text.unknown}</span>
  return (
    <span className={report.passed ? 'badge badge-healthy' : 'badge badge-bad'}>
      <Icon name={report.passed ? 'check' : 'close'} size={12} />
      {report.passed ? text.passes : text.fails}
    </span>
  )
}

/** A test in two lines: the call, and what is expected of it. */
function Summary({ test, draft }: { test: RoutingTest; draft: Draft<RoutingRuleSpec> }) {
  const { tests: text, simulator } = useText()
  const { namespace, name, spec } = draft
  const { verdict, decided_by: decider, labels = {} } = test.expect
  const { namespace: of, service = of === undefined ? simulator.anybody : `${of}/` } = test.request.from ?? {}
  const facts = callText(test.request)
  const expected = [
    ...(verdict ? [text.verdicts[verdict]] : []),
    ...(decider ? [text.byWhom(deciderText(decider, { namespace, name, branches: spec.branches }, text))] : []),
    ...Object.entries(labels).map(([key, test_]) => `${key} ${labelText(test_)}`),
  ]
  return (
    <dl className="test-summary">
      <div>
        <dt>{text.call}</dt>
        <dd>
          <code>{[`${service} → ${test.request.to.service}`, facts].filter((part) => part !== '').join(', ')}</code>
        </dd>
      </div>
      <div>
        <dt>{text.expects}</dt>
        <dd>{expected.length > 0 ? expected.join(', ') : text.nothing}</dd>
      </div>
    </dl>
  )
}
