/** What the server says against a request over HTTP. */
import { fromProblem } from '../client/sdk/connection.js'
import { trusted } from '../client/sdk/trusted.js'
import type { EnsembleError } from '../protocol/errors.js'
import type { Problem } from '../protocol/messages.js'

export async function refusalIn(response: Response): Promise<EnsembleError> {
  // RFC 9457 calls the message `detail`.
  const { detail, ...problem } = trusted<Problem & { readonly detail: string }>(await response.json())
  return fromProblem({ ...problem, message: detail })
}
