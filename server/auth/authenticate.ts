/**
 * Who may talk to the server: Host and Origin first, then the token.
 *
 * Host and Origin keep web pages of other sites out: one that was made to resolve to 127.0.0.1 has its own name in Host,
 * one that merely connects has it in Origin (rules AUTH-2, AUTH-3).
 */
import type { IncomingMessage } from 'node:http'
import { EnsembleError } from '../../protocol/errors.js'
import type { Access } from '../../protocol/links.js'
import { sameToken } from './token.js'

export interface Gate {
  readonly token: string
  /** Of the tokens of sessions; undefined: it is none. */
  readonly accessOf: (token: string) => Access | 'expired' | undefined
  /** Host names that requests may use, without port; compared in lower case. */
  readonly hosts: ReadonlySet<string>
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export function allowedHosts(
  served: string,
  configured: readonly string[],
  interfaces: readonly string[],
): Set<string> {
  const wildcard = served === '0.0.0.0' || served === '::'
  const own = wildcard ? interfaces : [served]
  return new Set([...LOOPBACK, ...own.map(bracketed), ...configured].map((host) => host.toLowerCase()))
}

function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address
}

type Headers = Pick<IncomingMessage, 'headers'>

/** @throws EnsembleError E_FORBIDDEN_HOST */
export function checkHost(gate: Gate, { headers: { host } }: Headers): void {
  const name = host === undefined ? undefined : nameOf(`http://${host}`)
  if (name !== undefined && gate.hosts.has(name)) return
  throw new EnsembleError('E_FORBIDDEN_HOST', `Requests for the host "${host ?? ''}" are not answered.`, {
    hint: 'Use the address that "ensemble server status" prints, or add the host to allowedHosts in ensemble.config.json.',
  })
}

/** @throws EnsembleError E_FORBIDDEN_ORIGIN */
export function checkOrigin(gate: Gate, { headers: { origin } }: Headers): void {
  if (origin === undefined) return
  const name = nameOf(origin)
  if (name !== undefined && gate.hosts.has(name)) return
  throw new EnsembleError('E_FORBIDDEN_ORIGIN', `Pages of "${origin}" may not use this server.`, {
    hint: 'Open the dashboard at its own address, or add the host to allowedHosts in ensemble.config.json.',
  })
}

/** @param queried token of the address, where one may stand there: in those of sockets, for browsers set no headers */
export function tokenOf({ headers }: Headers, queried?: string): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? queried
}

/**
 * What the bearer of a token may do now. Whatever lives on asks again: a session ends while its connections stand.
 * @throws EnsembleError E_UNAUTHORIZED
 */
export function accessBy(gate: Gate, given: string | undefined): Access {
  if (given !== undefined && sameToken(gate.token, given)) return 'write'
  const access = given === undefined ? undefined : gate.accessOf(given)
  if (access === 'expired') {
    throw new EnsembleError('E_UNAUTHORIZED', 'The session of this page has ended.', {
      hint: 'Open a new link; "ensemble dashboard" makes one.',
    })
  }
  if (access !== undefined) return access
  throw new EnsembleError(
    'E_UNAUTHORIZED',
    given === undefined ? 'No token was given.' : 'The token is not the one of this workspace.',
    {
      hint: 'Send "Authorization: Bearer …", or ?token=… to a socket; the token stands in .ensemble/token of the workspace.',
    },
  )
}

export function queryToken(url = ''): string | undefined {
  const at = url.indexOf('?')
  return at === -1 ? undefined : (new URLSearchParams(url.slice(at + 1)).get('token') ?? undefined)
}

function nameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined
}
