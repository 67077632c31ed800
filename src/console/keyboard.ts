import { useEffect } from 'preact/hooks'
import { hrefOf, type PageName } from './route.ts'

/** A key, or two one after the other, and what it does. */
export interface Shortcut {
  readonly keys: string
  readonly what: string
  /** Returns whether it did something. */
  run(): boolean
}

/** What the keys of the console act on beyond the page itself. */
export interface KeyboardNeeds {
  showHelp(): void
  /** Leaves what is open, or the search. */
  goBack(): boolean
}

const GO: readonly (readonly [key: string, page: PageName, what: string])[] = [
  ['r', 'requests', 'Go to requests'],
  ['s', 'sessions', 'Go to sessions'],
  ['i', 'inspect', 'Go to inspect'],
  ['k', 'keys', 'Go to keys'],
  ['m', 'merchants', 'Go to merchants'],
  ['c', 'clock', 'Go to clock and faults'],
]

/** Returns every key that does something. */
export function shortcuts({ showHelp, goBack }: KeyboardNeeds): readonly Shortcut[] {
  return [
    { keys: 'j', what: 'Next in the list', run: () => moveFocus(1) },
    { keys: 'k', what: 'Previous in the list', run: () => moveFocus(-1) },
    { keys: 'Enter', what: 'Open it', run: () => false },
    { keys: '/', what: 'Search', run: focusSearch },
    { keys: 'Escape', what: 'Leave the search, or what is open', run: goBack },
    ...GO.map(([key, page, what]) => ({ keys: `g ${key}`, what, run: () => go(page) })),
    { keys: '?', what: 'Show the keys', run: () => (showHelp(), true) },
  ]
}

const SECOND_KEY_MILLISECONDS = 1500

/** Has the page listen to its keys. Whoever types into a field is left alone, but for Escape. */
export function useKeyboard(table: readonly Shortcut[]): void {
  useEffect(() => {
    let first = ''
    let timer: ReturnType<typeof setTimeout> | undefined
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isModal()) return
      if (isTyping(event.target) && event.key !== 'Escape') return
      const keys = first === '' ? event.key : `${first} ${event.key}`
      clearTimeout(timer)
      first = ''
      const shortcut = table.find((each) => each.keys === keys)
      if (shortcut?.run() === true) event.preventDefault()
      if (shortcut !== undefined || !table.some((each) => each.keys.startsWith(`${keys} `))) return
      first = event.key
      timer = setTimeout(() => (first = ''), SECOND_KEY_MILLISECONDS)
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [table])
}

function isModal(): boolean {
  return document.querySelector('dialog[open]') !== null
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input, textarea, select')
}

function moveFocus(by: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('.list-pane [data-row]')]
  const focused = rows.findIndex((row) => row === document.activeElement)
  const open = rows.findIndex((row) => row.getAttribute('aria-current') === 'true')
  const from = focused === -1 ? open : focused
  const row = from === -1 ? rows[0] : rows[from + by]
  row?.focus()
  return row !== undefined
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>('#search')
  if (search === null) {
    go('requests')
    setTimeout(() => document.querySelector<HTMLInputElement>('#search')?.focus())
    return true
  }
  search.focus()
  search.select()
  return true
}

function go(page: PageName): boolean {
  location.hash = hrefOf(page)
  return true
}
