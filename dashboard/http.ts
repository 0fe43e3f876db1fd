/** Requests over HTTP: for what is done in the name of an agent that has no connection. */
import { fromProblem } from '../client/sdk/connection.js'
import { trusted } from '../client/sdk/trusted.js'
import { EnsembleError } from '../protocol/errors.js'
import type { Problem } from '../protocol/messages.js'

export interface HttpOptions {
  readonly fetch: typeof fetch
  readonly token: string
}

/** @param writeId the same again is the same request. @throws EnsembleError E_UNREACHABLE, and what the server says */
export async function post(
  { fetch, token }: HttpOptions,
  path: string,
  agent: string,
  body: object,
  writeId: string,
): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'x-ensemble-agent': agent,
    'idempotency-key': writeId,
  }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
    (thrown: unknown) => {
      throw new EnsembleError('E_UNREACHABLE', 'The server does not answer.', { cause: thrown })
    },
  )
  if (!response.ok) throw await refusalIn(response)
  return await response.json()
}

/** What the server says against a request. */
export async function refusalIn(response: Response): Promise<EnsembleError> {
  // RFC 9457 calls the message `detail`.
  const { detail, ...problem } = trusted<Problem & { readonly detail: string }>(await response.json())
  return fromProblem({ ...problem, message: detail })
}
