import { useLocation, useNavigate } from '@tanstack/react-router'
import { useText } from '../i18n/use-text'
import { Button } from '../ui/button'

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The tokens of the pages before the one that is shown, from the second on: one page leads only to the next. */
    pagesBefore?: string[]
  }
}

interface Props {
  rows: number
  /** How many rows all pages have together, where that is known. */
  total?: number | undefined
  /** The token of this page, as in the address; none for the first. */
  page: string | undefined
  next: string | undefined
}

/** How many rows a page has, and the way to the next, to the one before and to the first. */
export function Pages({ rows, total, page, next }: Props) {
  const { table, actions } = useText()
  const navigate = useNavigate()
  const { pagesBefore } = useLocation().state
  const go = (token: string | undefined, before: string[]) =>
    void navigate({ to: '.', search: (now) => ({ ...now, page: token }), state: { pagesBefore: before } })
  const isOne = page === undefined && next === undefined
  const said = next === undefined ? table.rows(rows) : table.rowsAndMore(rows)
  return (
    <div className="table-foot">
      <span className="num" role="status">
        {total === undefined || isOne || total < rows ? said : table.rowsOf(rows, total)}
      </span>
      <span className="row">
        {page !== undefined && <Button onClick={() => go(undefined, [])}>{actions.first}</Button>}
        {page !== undefined && pagesBefore !== undefined && (
          <Button icon="left" onClick={() => go(pagesBefore.at(-1), pagesBefore.slice(0, -1))}>
            {actions.previous}
          </Button>
        )}
        {next !== undefined && (
          <Button icon="right" onClick={() => go(next, page === undefined ? [] : [...(pagesBefore ?? []), page])}>
            {actions.next}
          </Button>
        )}
      </span>
    </div>
  )
}
