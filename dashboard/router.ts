/** Addresses: every selection stands in the URL, so that it can be sent to somebody else. */
import { signal, type ReadonlySignal } from '@preact/signals'

export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'files'; readonly path: string | null }
  | { readonly view: 'conflicts'; readonly id: string | null }
  | { readonly view: 'tasks'; readonly id: string | null; readonly subtask: string | null }
  | { readonly view: 'locks'; readonly id: string | null }
  | { readonly view: 'agents'; readonly id: string | null }
  | { readonly view: 'unknown'; readonly address: string }

export function parseRoute(pathname: string): Route {
  const [first = '', ...rest] = pathname.split('/').filter((segment) => segment !== '')
  const below = rest.map(decode)
  switch (first) {
    case '':
      return { view: 'overview' }
    case 'files':
      return { view: 'files', path: below.length === 0 ? null : below.join('/') }
    case 'conflicts':
      return { view: 'conflicts', id: below[0] ?? null }
    case 'agents':
      return { view: 'agents', id: below[0] ?? null }
    case 'tasks':
      return { view: 'tasks', id: below[0] ?? null, subtask: below[1] ?? null }
    case 'locks':
      return { view: 'locks', id: below[0] ?? null }
    default:
      return { view: 'unknown', address: pathname }
  }
}

export function formatRoute(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '/'
    case 'files':
      return route.path === null ? '/files' : `/files/${encodeURIComponent(route.path).replaceAll('%2F', '/')}`
    case 'conflicts':
      return joined('/conflicts', route.id)
    case 'agents':
      return joined('/agents', route.id)
    case 'tasks':
      return joined('/tasks', route.id, route.subtask)
    case 'locks':
      return joined('/locks', route.id)
    case 'unknown':
      return route.address
  }
}

function joined(root: string, ...below: readonly (string | null)[]): string {
  return [root, ...below.flatMap((one) => (one === null ? [] : [encodeURIComponent(one)]))].join('/')
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment // A stray "%" typed by hand: it names no file, and the view says so.
  }
}

export class Router {
  readonly #route = signal<Route>({ view: 'overview' })
  readonly #window: Window

  constructor(window: Window) {
    this.#window = window
    this.#read()
    window.addEventListener('popstate', () => this.#read())
    // Links of the page are ordinary links; only a plain click stays inside.
    window.document.addEventListener('click', (event) => {
      if (event.defaultPrevented || event.button !== 0) return
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = event.target instanceof Element ? event.target.closest('a') : null
      if (link === null || link.target !== '' || link.origin !== window.location.origin) return
      // To another place of the same view: the browser scrolls and moves the focus by itself.
      if (link.hash !== '' && link.pathname === window.location.pathname) return
      event.preventDefault()
      this.#push(link.pathname + link.hash)
    })
  }

  get route(): ReadonlySignal<Route> {
    return this.#route
  }

  /** To an address of this page, with its fragment. */
  open(address: string): void {
    this.#push(address)
  }

  go(route: Route): void {
    this.#push(formatRoute(route))
  }

  /** The same place by another name: going back does not come to the old one. */
  replace(address: string): void {
    this.#window.history.replaceState(null, '', address)
    this.#read()
  }

  #push(address: string): void {
    if (address !== this.#window.location.pathname + this.#window.location.hash) {
      this.#window.history.pushState(null, '', address)
    }
    this.#read()
  }

  #read(): void {
    this.#route.value = parseRoute(this.#window.location.pathname)
  }
}
