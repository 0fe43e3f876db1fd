/** What an address says: the path at its end, and the numbers, flags and words of its query. */
import type { Request } from 'express'
import { z } from 'zod'
import { parseEncodedPath } from '../../protocol/document.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { WorkspacePath } from '../../protocol/paths.js'

/** @param before what stands before the path. @throws EnsembleError E_PATH */
export function pathIn(request: Request, before: string): WorkspacePath {
  const [address = ''] = request.originalUrl.split('?', 1)
  return parseEncodedPath(address.slice(before.length).replace(/^\//, ''))
}

const typed = z.object({
  properties: z.record(z.string(), z.object({ type: z.string().optional() })).default({}),
})

/**
 * Turns the words of a query into what the schema's fields are: whole numbers, flags (`1`, `0`), lists (given once or more
 * often), words. Fields that the schema does not know are left out.
 */
export function queryReader(schema: z.ZodObject | undefined): (query: Request['query']) => Record<string, unknown> {
  if (schema === undefined) return () => ({})
  const { properties } = typed.parse(z.toJSONSchema(schema, { io: 'input' }))
  const fields = Object.entries(properties)
  return (query) =>
    Object.fromEntries(
      fields.flatMap(([name, { type }]) => {
        const given = query[name]
        return given === undefined ? [] : [[name, valueOf(name, type, given)]]
      }),
    )
}

/** @throws EnsembleError E_BAD_REQUEST */
function valueOf(name: string, type: string | undefined, given: unknown): unknown {
  if (type === 'array') return Array.isArray(given) ? given : [given]
  if (typeof given !== 'string') throw new EnsembleError('E_BAD_REQUEST', `?${name}= is given more than once.`)
  switch (type) {
    case 'integer':
      if (/^\d{1,15}$/.test(given)) return Number(given)
      throw new EnsembleError('E_BAD_REQUEST', `?${name}= must be a whole number, not "${given}".`)
    case 'boolean':
      if (given === '1' || given === '0') return given === '1'
      throw new EnsembleError('E_BAD_REQUEST', `?${name}= must be 1 or 0, not "${given}".`)
    default:
      return given
  }
}
