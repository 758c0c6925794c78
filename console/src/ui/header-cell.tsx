import { Icon } from './icon'
import { nextSort, sortOf } from './sorting'

interface Props {
  column: { header: string; width?: string; sort?: string }
  className: string | undefined
  sort: string | undefined
  onSort: ((sort: string | undefined) => void) | undefined
}

/** The head of a column, which sorts by it if it can be sorted by. */
export function HeaderCell({ column: { header, width, sort: by }, className, sort, onSort }: Props) {
  if (by === undefined || onSort === undefined) {
    return (
      <th scope="col" style={{ width }} className={className}>
        {header}
      </th>
    )
  }
  const direction = sortOf(by, sort)
  return (
    <th scope="col" style={{ width }} className={className} aria-sort={direction}>
      <button type="button" className="sort" onClick={() => onSort(nextSort(by, sort))}>
        <span>{header}</span>
        {direction !== 'none' && (
          <span className={`sort-${direction}`}>
            <Icon name="down" size={12} />
          </span>
        )}
      </button>
    </th>
  )
}
