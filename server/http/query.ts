/** What an address says: the path at its end, and the numbers and words of its query. */
import type { Request } from 'express'
import { z } from 'zod'
import { parseEncodedPath } from '../../protocol/document.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { WorkspacePath } from '../../protocol/paths.js'

/** @throws EnsembleError E_PATH */
export function pathIn(request: Request): WorkspacePath {
  const [path = ''] = request.url.split('?', 1)
  return parseEncodedPath(path.replace(/^\//, ''))
}

/** @throws EnsembleError E_BAD_REQUEST */
export function numberIn(request: Request, name: string): number | undefined {
  const word = wordIn(request, name)
  if (word === undefined) return undefined
  if (/^\d{1,15}$/.test(word)) return Number(word)
  throw new EnsembleError('E_BAD_REQUEST', `?${name}= must be a whole number, not "${word}".`)
}

/** @throws EnsembleError E_BAD_REQUEST */
export function wordIn(request: Request, name: string): string | undefined {
  const value = request.query[name]
  if (value === undefined || typeof value === 'string') return value
  throw new EnsembleError('E_BAD_REQUEST', `?${name}= is given more than once.`)
}

/** @throws EnsembleError E_BAD_REQUEST */
export function parseQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', `The request is not valid: ${z.prettifyError(parsed.error)}`)
}
