import { useId } from 'react'

interface Props<Value extends string> {
  legend: string
  fault?: string | undefined
  at?: string
  value: Value
  options: readonly { value: Value; name: string; hint: string }[]
  onChange: (value: Value) => void
}

/** A few options of which one holds, each explained. */
export function ChoiceCards<Value extends string>({ legend, fault, at, value, options, onChange }: Props<Value>) {
  const id = useId()
  return (
    <fieldset className="plain" data-at={at} aria-describedby={fault ? `${id}-fault` : undefined}>
      <legend className="cards-legend">{legend}</legend>
      <div className="cards">
        {options.map((option) => (
          // oxlint-disable-next-line jsx-a11y/label-has-associated-control -- its text is deeper than the lint looks
          <label key={option.value} className={option.value === value ? 'card card-chosen' : 'card'}>
            <input
              type="radio"
              name={id}
              aria-label={option.name}
              aria-describedby={`${id}-${option.value}`}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>
              <strong>{option.name}</strong>
              <span id={`${id}-${option.value}`} className="small muted">
                {option.hint}
              </span>
            </span>
          </label>
        ))}
      </div>
      {fault && (
        <p id={`${id}-fault`} className="field-fault">
          {fault}
        </p>
      )}
    </fieldset>
  )
}
