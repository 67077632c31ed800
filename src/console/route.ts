/** The pages of the console, as they stand in the address after `#/`. */
export const PAGES = ['requests', 'sessions', 'inspect', 'keys', 'merchants', 'clock'] as const

/** The name of a page. */
export type PageName = (typeof PAGES)[number]

/** What of the list of requests is shown. An empty text is no condition. */
export interface Filter {
  readonly outcome: string
  readonly operation: string
  readonly merchant: string
  /** What is searched for. */
  readonly q: string
}

/** The filter that lets everything through. */
export const NO_FILTER: Filter = { outcome: '', operation: '', merchant: '', q: '' }

/** Where in the console one is. */
export interface Route {
  readonly page: PageName
  /** What of the page is open: a request, a session, a text to inspect. Empty when nothing is. */
  readonly id: string
  readonly filter: Filter
}

/** Reads the part of an address after `#`; what is not known is the list of requests. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2)
  const [name = '', ...rest] = path.split('/')
  const page = PAGES.find((each) => each === name) ?? 'requests'
  const given = new URLSearchParams(query)
  const filter = Object.fromEntries(
    Object.keys(NO_FILTER).map((key) => [key, given.get(key) ?? '']),
  )
  return { page, id: decode(rest.join('/')), filter: { ...NO_FILTER, ...filter } }
}

/** Writes an address that {@link parseRoute} reads. */
export function hrefOf(page: PageName, id = '', filter: Filter = NO_FILTER): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ''))
  const path = id === '' ? page : `${page}/${encodeURIComponent(id)}`
  return query.size === 0 ? `#/${path}` : `#/${path}?${query.toString()}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
