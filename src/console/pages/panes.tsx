import type { ComponentChildren, JSX } from 'preact'

/** A list, and beside it what is open of it; where there is no room for both, one of the two. */
export function Panes({
  list,
  detail,
  isOpen,
}: {
  readonly list: ComponentChildren
  readonly detail: ComponentChildren
  readonly isOpen: boolean
}): JSX.Element {
  return (
    <div class={`panes ${isOpen ? 'open' : ''}`}>
      <div class="pane list-pane">{list}</div>
      <div class="pane detail-pane">{detail}</div>
    </div>
  )
}

/** The title of a page, or of one of its panes: a page has one heading of the first level, and that is where focus goes. */
export function Heading({
  isMain,
  children,
}: {
  readonly isMain: boolean
  readonly children: ComponentChildren
}): JSX.Element {
  if (!isMain) return <h2 class="heading">{children}</h2>
  return (
    <h1 class="heading" tabIndex={-1} id="heading">
      {children}
    </h1>
  )
}
