/** What can have the focus in a row of a list. */
const CONTROLS = 'tbody tr a, tbody tr button, .rules > li a, .change-head'

/** Goes to the first row of the page's list; false if there is none. */
export function focusFirstRow(): boolean {
  const row = document.querySelector<HTMLElement>(`main :is(${CONTROLS})`)
  row?.focus()
  return row !== null
}
