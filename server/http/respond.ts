/** Errors as application/problem+json (RFC 9457), one form for every route. */
import type { ErrorRequestHandler, Response } from 'express'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'

export function sendProblem(
  response: Response,
  error: EnsembleError,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const { code, message, hint, retry, status, data } = error
  const problem = {
    type: `urn:ensemble:${code}`,
    title: code,
    status,
    detail: message,
    code,
    hint,
    retry,
    data,
    ...extra,
  }
  response.status(status)
  if (retry) response.setHeader('Retry-After', '1')
  response.type('application/problem+json').send(JSON.stringify(problem))
}

/** @param onError gets every error once, for the log */
export function problems(onError: (error: EnsembleError) => void): ErrorRequestHandler {
  return (thrown: unknown, _request, response, next) => {
    const error = fromExpress(thrown) ?? toEnsembleError(thrown)
    onError(error)
    if (response.headersSent) next(thrown)
    else sendProblem(response, error)
  }
}

/** Express and its parsers throw errors with a `status`, and most of them with a `type`. */
function fromExpress(thrown: unknown): EnsembleError | undefined {
  if (
    thrown instanceof EnsembleError ||
    !(thrown instanceof Error) ||
    !('status' in thrown) ||
    typeof thrown.status !== 'number'
  )
    return undefined
  const { status, message } = thrown
  if (status === 404) return new EnsembleError('E_NOT_FOUND', 'There is no such page.', { cause: thrown })
  if (status === 413) {
    const most =
      'limit' in thrown && typeof thrown.limit === 'number' ? ` than ${thrown.limit} bytes, the limit here` : ''
    return new EnsembleError('E_TOO_LARGE', `The body is larger${most}.`, { cause: thrown })
  }
  if (status < 400 || status >= 500) return undefined
  return new EnsembleError('E_BAD_REQUEST', `The request could not be read: ${message}`, { cause: thrown })
}
