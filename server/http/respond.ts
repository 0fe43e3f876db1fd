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
    const error = fromBodyParser(thrown) ?? toEnsembleError(thrown)
    onError(error)
    if (response.headersSent) next(thrown)
    else sendProblem(response, error)
  }
}

/** Express's own parsers throw errors with a `type` and a `status`. */
function fromBodyParser(thrown: unknown): EnsembleError | undefined {
  if (!(thrown instanceof Error) || !('type' in thrown)) return undefined
  if (thrown.type === 'entity.too.large') {
    return new EnsembleError('E_TOO_LARGE', 'The body is larger than limits.fileBytes allows.', { cause: thrown })
  }
  return new EnsembleError('E_BAD_REQUEST', `The body could not be read: ${thrown.message}`, { cause: thrown })
}
