import type { ReactNode } from 'react'
import { useEffect } from 'react'

interface Props {
  title: string
  /** What stands before the title, such as the namespace that the thing is in. */
  context?: ReactNode
  /** What stands beside the title, such as badges. */
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** A page: its one heading, what one can do there, and its content. */
export function Page({ title, context, beside, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Merak`
  }, [title])
  return (
    <>
      <header className="page-head">
        <div className="grow">
          {context && <div className="page-context">{context}</div>}
          <div className="row wrap">
            <h1>{title}</h1>
            {beside}
          </div>
        </div>
        {actions && <div className="row wrap">{actions}</div>}
      </header>
      {children}
    </>
  )
}

interface PanelProps {
  title: string
  actions?: ReactNode
  children: ReactNode
}

/** A part of a page under a heading of its own. */
export function Panel({ title, actions, children }: PanelProps) {
  return (
    <section className="panel">
      <header className="panel-head">
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  )
}
