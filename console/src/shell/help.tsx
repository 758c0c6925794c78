import { useText } from '../i18n/use-text'
import { Dialog } from '../ui/dialog'
import { GO } from './keys'

export function Help({ onClose }: { onClose: () => void }) {
  const { keys, nav } = useText()
  const rows: [string[], string][] = [
    [['Ctrl', 'K'], keys.palette],
    [['/'], keys.search],
    ...GO.map(([letter, , page]): [string[], string] => [['g', letter], keys.go(nav[page])]),
    [['↑', '↓'], keys.rows],
    [['?'], keys.help],
    [['Esc'], keys.close],
  ]
  return (
    <Dialog title={keys.title} onClose={onClose}>
      <dl className="keys">
        {rows.map(([pressed, does]) => (
          <div key={does} style={{ display: 'contents' }}>
            <dt className="row">
              {pressed.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
