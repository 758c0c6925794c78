import { useState } from 'react'
import { useText } from '../i18n/use-text'
import { useFault, useReport } from '../rule/faults'
import { isSame } from '../rule/merge'
import { Button } from '../ui/button'
import { ComboField } from '../ui/combo-field'
import type { KnownLabels } from './labels'
import type { Labels, Test } from './noun'
import { keyChoices, valueChoices } from './suggestions'
import { placeOf, TestFields } from './test-fields'
import { labelOf, testOf } from './tests'

interface Row {
  key: string
  test: Test
}

interface Props {
  /** The place of the labels in the rule, as a JSON pointer. */
  at: string
  /** What they are labels of, for who hears the page. */
  label: string
  labels: Labels
  known: KnownLabels
  isOfCaller?: boolean
  onChange: (labels: Labels) => void
}

const rowsOf = (labels: Labels): Row[] => Object.entries(labels).map(([key, label]) => ({ key, test: testOf(label) }))
const labelsOf = (rows: readonly Row[]): Labels => Object.fromEntries(rows.map(({ key, test }) => [key, labelOf(test)]))

/** Tests of labels, all of which must hold. */
export function LabelsFields({ at, label, labels, known, isOfCaller = false, onChange }: Props) {
  const { routing: text } = useText()
  const [rows, setRows] = useState(() => rowsOf(labels))
  // They were changed by other means than these rows.
  if (!isSame(labelsOf(rows), labels)) setRows(rowsOf(labels))
  const keys = rows.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  useReport(at, twice === undefined ? undefined : text.labelTwice(twice))
  const fault = useFault(at)
  function set(next: Row[]) {
    setRows(next)
    onChange(labelsOf(next))
  }
  return (
    <div className="stack-tight" data-at={at} role="group" aria-label={label}>
      {rows.map((row, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- keys are typed, and may be there twice meanwhile
        <div key={index} className="condition">
          <ComboField
            label={text.label}
            fault={row.key === '' ? text.keyMissing : undefined}
            at={placeOf(at, row.key)}
            value={row.key}
            choices={keyChoices(known).filter(({ value }) => !keys.includes(value))}
            onChange={(key) => set(rows.with(index, { ...row, key: key.trim() }))}
          />
          <TestFields
            at={placeOf(at, row.key)}
            test={row.test}
            choices={valueChoices(known, row.key)}
            isBrief
            isOfCaller={isOfCaller}
            onChange={(test) => set(rows.with(index, { ...row, test }))}
          />
          <Button
            kind="ghost"
            icon="close"
            className="condition-remove"
            aria-label={text.removeLabel(row.key)}
            onClick={() => set(rows.toSpliced(index, 1))}
          />
        </div>
      ))}
      {fault && <p className="field-fault">{fault}</p>}
      <div>
        <Button icon="plus" onClick={() => set([...rows, { key: '', test: { op: 'exact', value: '' } }])}>
          {text.addLabel}
        </Button>
      </div>
    </div>
  )
}

