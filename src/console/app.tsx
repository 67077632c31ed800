import type { JSX } from 'preact'
import { useEffect, useMemo, useReducer, useRef } from 'preact/hooks'
import { ConsoleProvider } from './console-context.ts'
import type { Control } from './control/call.ts'
import type { Live } from './control/live.ts'
import { Help } from './help.tsx'
import { shortcuts, useKeyboard } from './keyboard.ts'
import { ClockPage } from './pages/clock.tsx'
import { InspectPage } from './pages/inspect.tsx'
import { KeysPage } from './pages/keys.tsx'
import { MerchantsPage } from './pages/merchants.tsx'
import { RequestsPage } from './pages/requests.tsx'
import { SessionsPage } from './pages/sessions.tsx'
import { Now } from './parts/now.tsx'
import { StatusLine } from './parts/status-line.tsx'
import { hrefOf, parseRoute, type PageName, type Route } from './route.ts'

interface PageEntry {
  readonly title: string
  readonly Page: () => JSX.Element
}

const PAGES: Readonly<Record<PageName, PageEntry>> = {
  requests: { title: 'Requests', Page: RequestsPage },
  sessions: { title: 'Sessions', Page: SessionsPage },
  inspect: { title: 'Inspect', Page: InspectPage },
  keys: { title: 'Keys', Page: KeysPage },
  merchants: { title: 'Merchants', Page: MerchantsPage },
  clock: { title: 'Clock', Page: ClockPage },
}

/** What the console is made of. */
export interface AppNeeds {
  readonly control: Control
  readonly live: Live
  /** Monotonic milliseconds. */
  elapsed(): number
}

/** The console: a bar of pages, a line of state, and the page. */
export function App({ control, live, elapsed }: AppNeeds): JSX.Element {
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  useEffect(() => live.subscribe(() => redraw(undefined)), [])
  const route = useRoute(() => redraw(undefined))
  const help = useRef<HTMLDialogElement>(null)
  const table = useMemo(() => shortcuts({ showHelp: () => help.current?.showModal(), goBack }), [])
  useKeyboard(table)
  const { Page } = PAGES[route.page]
  return (
    <ConsoleProvider value={{ control, live, elapsed, route, snapshot: live.get() }}>
      <a class="skip" href="#heading" onClick={skip}>
        Skip to content
      </a>
      <header class="bar">
        <p class="brand">
          <a href={hrefOf('requests')}>Coatcheck</a>
        </p>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([name, { title }]) => (
            <a
              key={name}
              href={`#/${name}`}
              aria-current={name === route.page ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <p class="bar-end">
          <Now />
          <button
            type="button"
            aria-label="Keys of the keyboard"
            onClick={() => help.current?.showModal()}
          >
            ?
          </button>
        </p>
      </header>
      <StatusLine />
      {/* Nothing is drawn before the line of state is known, which would then move it. */}
      <main>{live.get().state === undefined ? null : <Page />}</main>
      <Help dialog={help} shortcuts={table} />
    </ConsoleProvider>
  )
}

/** Follows the address; on another page, focus goes to its heading, so that reading goes on there. */
function useRoute(redraw: () => void): Route {
  const route = parseRoute(location.hash)
  const { page, id } = route
  const place = `${page}/${id}`
  const known = useRef(place)
  useEffect(() => {
    window.addEventListener('hashchange', redraw)
    return () => window.removeEventListener('hashchange', redraw)
  }, [])
  useEffect(() => {
    const what = id === '' ? PAGES[page].title : `${id.slice(0, 40)} · ${PAGES[page].title}`
    document.title = `${what} · Coatcheck`
    const [pageBefore = '', ...rest] = known.current.split('/')
    if (known.current === place) return
    known.current = place
    if (page === 'inspect' && id !== '') return
    if (pageBefore !== page || id !== '' || !focusRow(rest.join('/'))) focusHeading()
  }, [place])
  return route
}

/** Back in a list, focus goes to what was open. */
function focusRow(id: string): boolean {
  const row = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)
  row?.focus()
  return row !== null
}

function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('#heading')
  heading?.focus({ preventScroll: true })
  heading?.closest('.pane')?.scrollTo(0, 0)
  if (heading?.closest('.pane') === null) window.scrollTo(0, 0)
}

function skip(event: Event): void {
  event.preventDefault()
  focusHeading()
}

function goBack(): boolean {
  const { activeElement } = document
  if (activeElement instanceof HTMLElement && activeElement.matches('input, textarea, select')) {
    activeElement.blur()
    return true
  }
  const { page, id, filter } = parseRoute(location.hash)
  if (id === '') return false
  location.hash = hrefOf(page, '', filter)
  return true
}
