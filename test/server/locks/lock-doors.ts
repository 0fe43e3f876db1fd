/** Asking for locks in tests, over the agent socket and over HTTP. */
import type { Connection } from '../../../client/sdk/connection.js'
import { lockCommand, type Lock, type LockResult } from '../../../protocol/locks.js'
import { TOKEN, type TestServer } from '../../support/server.js'

interface OneWant {
  readonly region?: object
  readonly type?: string
}

export async function lockedBy(
  connection: Connection,
  path: string,
  want: OneWant = {},
  rest: { readonly ttl?: number; readonly wait?: number } = {},
): Promise<LockResult> {
  return await connection.request('lock', lockCommand.parse({ wants: [{ path, ...want }], ...rest }))
}

export async function putText(
  { url }: TestServer,
  path: string,
  text: string,
  { agent, token, base }: { readonly agent?: string; readonly token?: number; readonly base?: string } = {},
): Promise<{ readonly status: number; readonly body: unknown; readonly etag: string }> {
  const headers = {
    Authorization: `Bearer ${TOKEN}`,
    ...(agent === undefined ? {} : { 'X-Ensemble-Agent': agent }),
    ...(token === undefined ? {} : { 'X-Lock-Token': String(token) }),
    ...(base === undefined ? {} : { 'If-Match': base }),
  }
  const response = await fetch(`${url}/api/files/${path}`, { method: 'PUT', body: text, headers })
  return { status: response.status, body: await response.json(), etag: response.headers.get('etag') ?? '' }
}

export async function textAt({ url }: TestServer, path: string): Promise<string> {
  const response = await fetch(`${url}/api/files/${path}`, { headers: { Authorization: `Bearer ${TOKEN}` } })
  return await response.text()
}

export async function askLocks(
  { url }: TestServer,
  agent: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${url}/api/locks${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', 'X-Ensemble-Agent': agent },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

export function granted(result: LockResult): readonly Lock[] {
  if (result.outcome !== 'granted') throw new Error(`refused: ${result.refusal.reason} by ${result.refusal.holder}`)
  return result.locks
}
