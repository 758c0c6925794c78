import { type ComponentProps, useId } from 'react'
import { TextField } from '../ui/field'

type Props = ComponentProps<typeof TextField> & { suggestions: string[] }

/** A field that takes any text, and offers some. */
export function SuggestField({ suggestions, ...rest }: Props) {
  const id = useId()
  return (
    <div>
      <TextField {...rest} list={id} />
      <Suggestions id={id} of={suggestions} />
    </div>
  )
}

export function Suggestions({ id, of }: { id: string; of: string[] }) {
  return (
    <datalist id={id}>
      {[...new Set(of)].map((text) => (
        <option key={text} value={text}>
          {text}
        </option>
      ))}
    </datalist>
  )
}
