import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'

interface Props {
  rows: number
  /** The token of this page, as in the address; none for the first. */
  page: string | undefined
  next: string | undefined
  go: (page: string | undefined) => void
}

/** How many rows a page has, and the way to the next and to the first. */
export function Pages({ rows, page, next, go }: Props) {
  const { table, actions } = useText()
  return (
    <div className="table-foot">
      <span className="num" role="status">
        {next === undefined ? table.rows(rows) : table.rowsAndMore(rows)}
      </span>
      <span className="row">
        {page !== undefined && <Button onClick={() => go(undefined)}>{actions.first}</Button>}
        {next !== undefined && (
          <Button icon="right" onClick={() => go(next)}>
            {actions.next}
          </Button>
        )}
      </span>
    </div>
  )
}
