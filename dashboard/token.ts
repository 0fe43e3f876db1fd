/**
 * The token: comes in the address's fragment, which no server and no log ever sees, and is moved at once to where only this
 * tab of this origin can read it. No cookie: cookies are shared between the ports of one host.
 */

const KEY = 'ensemble-token'

export interface TokenPlace {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string }
  readonly history: { replaceState(data: unknown, unused: string, url: string): void }
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

/** Returns this tab's token, or null if it never had one; removes it from the address bar. */
export function takeToken({ location, history, storage }: TokenPlace): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const token = fragment.get('token')
  if (token === null) return storage.getItem(KEY)
  fragment.delete('token')
  const rest = fragment.size === 0 ? '' : `#${fragment.toString()}`
  history.replaceState(null, '', `${location.pathname}${location.search}${rest}`)
  if (token !== '') storage.setItem(KEY, token)
  return token === '' ? storage.getItem(KEY) : token
}

export function keepToken(storage: TokenPlace['storage'], token: string): void {
  storage.setItem(KEY, token)
}

export function forgetToken(storage: TokenPlace['storage']): void {
  storage.removeItem(KEY)
}

/** What a person may paste: the token alone, or the whole address that the server printed. */
export function tokenFromInput(input: string): string {
  const text = input.trim()
  const marker = text.indexOf('token=')
  if (marker === -1) return text
  return new URLSearchParams(text.slice(marker)).get('token') ?? ''
}
