/**
 * How the page comes to its token. A link brings a code in the address's fragment, which no server and no log ever sees; the page
 * exchanges it once for the token of a session, which only this tab of this origin can read; a new tab asks for it (tabs.ts). No
 * cookie: cookies are shared between the ports of one host.
 */
import { trusted } from '../client/sdk/trusted.js'
import { EnsembleError } from '../protocol/errors.js'
import type { PageSession } from '../protocol/links.js'
import { refusalIn } from './http.js'

const KEY = 'ensemble-token'

/** What an address, or a person, brings: the code of a link, or the workspace's token itself. */
export type Key = { readonly kind: 'code' | 'token'; readonly text: string }

export interface TokenPlace {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string }
  readonly history: { replaceState(data: unknown, unused: string, url: string): void }
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

/** What the address brought, else this tab's token; null: neither. What it brought is removed from the address bar at once. */
export function takeKey({ location, history, storage }: TokenPlace): Key | null {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const brought = keyIn(fragment)
  if (fragment.has('code') || fragment.has('token')) {
    fragment.delete('code')
    fragment.delete('token')
    const rest = fragment.size === 0 ? '' : `#${fragment.toString()}`
    history.replaceState(null, '', `${location.pathname}${location.search}${rest}`)
  }
  if (brought !== null) return brought
  const kept = storage.getItem(KEY)
  return kept === null ? null : { kind: 'token', text: kept }
}

/** The token that a key is good for. @throws EnsembleError E_UNREACHABLE, E_UNAUTHORIZED: the link was used, is too old … */
export async function tokenOf(key: Key, send: typeof fetch): Promise<string> {
  if (key.kind === 'token') return key.text
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ code: key.text })
  const response = await send('/api/links/use', { method: 'POST', headers, body }).catch((cause: unknown) => {
    throw new EnsembleError('E_UNREACHABLE', 'The server does not answer.', { hint: 'Open the link again.', cause })
  })
  if (!response.ok) throw await refusalIn(response)
  return trusted<PageSession>(await response.json()).token
}

export function keepToken(storage: TokenPlace['storage'], token: string): void {
  storage.setItem(KEY, token)
}

export function forgetToken(storage: TokenPlace['storage']): void {
  storage.removeItem(KEY)
}

/** What a person may paste: a token alone, or a whole address. */
export function keyFromInput(input: string): Key | null {
  const text = input.trim()
  const marker = text.search(/(?:code|token)=/)
  if (marker === -1) return text === '' ? null : { kind: 'token', text }
  return keyIn(new URLSearchParams(text.slice(marker)))
}

function keyIn(fragment: URLSearchParams): Key | null {
  for (const kind of ['code', 'token'] as const) {
    const text = fragment.get(kind) ?? ''
    if (text !== '') return { kind, text }
  }
  return null
}
