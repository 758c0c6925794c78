import { useText } from '../i18n/use-text'
import { Menu } from './menu'

type Parameter = string | number | boolean | undefined

interface Props {
  /** The path of a list of the API. */
  path: string
  /** What the list is asked for, without pages. */
  query: Readonly<Record<string, Parameter | string[]>>
}

const FORMATS = ['csv', 'ndjson'] as const

/** Saves a whole list as a file; the server streams it, and the browser keeps none of it in memory. */
export function ExportMenu({ path, query }: Props) {
  const { actions: text } = useText()
  const items = FORMATS.map((format) => ({ label: text.exportAs(format.toUpperCase()), run: () => download(addressOf(path, { ...query, format })) }))
  return <Menu label={text.export} icon="download" items={items} />
}

function addressOf(path: string, query: Props['query']) {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) parameters.append(key, String(one))
    }
  }
  return `${path}?${parameters.toString()}`
}

function download(address: string) {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
}
