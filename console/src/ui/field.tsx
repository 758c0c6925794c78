import { type ComponentProps, type FocusEvent, type ReactNode, useId } from 'react'

interface Frame {
  label: string
  hint?: string | undefined
  fault?: string | undefined
}

type Described = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }

function Field({ label, hint, fault, children }: Frame & { children: (described: Described) => ReactNode }) {
  const id = useId()
  const note = fault ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(note ? { 'aria-describedby': `${id}-note` } : {}),
        ...(fault ? { 'aria-invalid': true } : {}),
      })}
      {note && (
        <p id={`${id}-note`} className={fault ? 'field-fault' : 'field-hint'}>
          {note}
        </p>
      )}
    </div>
  )
}

type TextProps = Frame & Omit<ComponentProps<'input'>, 'onChange'> & { onChange: (text: string) => void }

export function TextField({ label, hint, fault, onChange, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(described) => (
        <input
          className="input"
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...described}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

type AreaProps = Frame & {
  value: string
  onChange: (text: string) => void
  onBlur?: (event: FocusEvent) => void
  rows?: number
  isCode?: boolean
}

export function AreaField({ label, hint, fault, onChange, onBlur, isCode = false, rows = 3, value }: AreaProps) {
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(described) => (
        <textarea
          className={isCode ? 'input mono' : 'input'}
          rows={rows}
          spellCheck={!isCode}
          value={value}
          onBlur={onBlur}
          {...described}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

type SelectProps = Frame & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] }

export function SelectField({ label, hint, fault, value, onChange, options }: SelectProps) {
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(described) => (
        <select className="input" value={value} {...described} onChange={(event) => onChange(event.target.value)}>
          {options.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
