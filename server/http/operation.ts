/**
 * What HTTP offers, as data: an operation says what may be asked and what comes back; a route is an operation with the
 * function that answers it. By the same schemas a request is checked at the door, and `/api/openapi.json` is made.
 *
 * Guarantees:
 * 1. A handler gets only what passed the operation's schemas; whatever did not is refused with an error that says why.
 * 2. There is no other way to offer something under `/api`: test/server/http/contract.test.ts asks for each operation, and
 *    finds whatever is none.
 */
import { json, raw, type Express, type Request, type RequestHandler, type Response } from 'express'
import { z } from 'zod'
import { EnsembleError, type ErrorCode } from '../../protocol/errors.js'
import { faultsOf } from '../../protocol/faults.js'
import type { Author, WriteId } from '../../protocol/ids.js'
import { lookOnly } from '../auth/look-only.js'
import { authorOf, writeIdOf } from './headers.js'
import { pathIn, queryReader } from './query.js'

/** A body that is the bytes themselves, not JSON. */
export const bytes = z.instanceof(Uint8Array)

/** What may be asked. A part that is not named is not looked at. */
export type Asks = {
  /** Of the address, by the names in its braces. */
  readonly params?: z.ZodType
  /** With numbers and flags as such; in the address they are `7`, and `1` or `0`. */
  readonly query?: z.ZodObject
  /** `bytes`, or what comes as JSON. */
  readonly body?: z.ZodType
}

export interface Operation<A extends Asks = Asks, Answer extends z.ZodType = z.ZodType> {
  /** Its name in OpenAPI. */
  readonly id: string
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  /** As in OpenAPI: `/api/conflicts/{id}/resolve`. `{path}` stands only at the end: a file's path, with its slashes. */
  readonly path: string
  /** One sentence. */
  readonly summary: string
  readonly asks: A
  /** Headers that count besides `X-Ensemble-Agent` and `Idempotency-Key`: what each says. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of the body, in bytes; 64 KB unless told. */
  readonly maxBody?: number
  /** What it answers as JSON. */
  readonly answer?: Answer
  /** Other types of content that it answers with. */
  readonly media?: readonly string[]
  /** Of what went well; 200 unless told. */
  readonly statuses?: readonly number[]
  /** It changes something: `X-Ensemble-Agent` is its author, and `Idempotency-Key` makes that it happens once. */
  readonly writes?: boolean
  /** It asks for no token: what is sent proves who may. */
  readonly open?: boolean
  /** Its own errors, besides those of every operation (openapi.ts). */
  readonly errors?: readonly ErrorCode[]
}

export type Asked<A extends Asks> = z.output<z.ZodObject<A>> & {
  readonly author: Author
  /** Of `Idempotency-Key`; where there is none, a new one. */
  readonly writeId: WriteId
  readonly request: Request
  readonly response: Response
}

export interface Route {
  readonly operation: Operation
  readonly handlers: (writes: Writes) => readonly RequestHandler[]
}

export interface Writes {
  /** Names those that came without a name. */
  readonly newId: () => string
  /** Hears of each before it is carried out. */
  readonly asked: (writeId: WriteId, author: Author) => void
}

/** @param handle gives what is sent as JSON, after it set another status than 200; undefined: it has answered by itself */
export function route<A extends Asks, Answer extends z.ZodType>(
  operation: Operation<A, Answer>,
  handle: (asked: Asked<A>) => z.output<Answer> | undefined | Promise<z.output<Answer> | undefined>,
): Route {
  const { asks } = operation
  const schema = z.object(asks)
  const readQuery = queryReader(asks.query)
  const answer =
    ({ newId, asked }: Writes): RequestHandler =>
    async (request, response) => {
      const query = readQuery(request.query)
      const given = schema.safeParse({ params: paramsOf(operation, request), query, body: bodyOf(asks, request) })
      if (!given.success) throw refusal(given.error, request)
      const author = authorOf(request)
      const writeId = writeIdOf(request, newId)
      if (operation.writes === true) asked(writeId, author)
      const result = await handle({ ...given.data, author, writeId, request, response })
      if (result !== undefined) response.json(result)
    }
  return { operation, handlers: (writes) => [...parsers(operation), answer(writes)] }
}

/** Whether a read-only session may ask for it. */
export function mayLook({ method, open = false }: Operation): boolean {
  return method === 'get' || open
}

export function mount(app: Express, routes: readonly Route[], writes: Writes): void {
  for (const { operation, handlers } of routes) {
    const guards = mayLook(operation) ? [] : [writersOnly]
    app[operation.method](addressOf(operation.path), ...guards, ...handlers(writes))
  }
}

const writersOnly: RequestHandler = (_request, response, next) => {
  if (response.locals['access'] !== 'write') throw lookOnly()
  next()
}

const REST = '/{path}'
const MAX_BODY = 64 * 1024

/** As Express takes it. A file's path it would tidy up, so that is left to `pathIn`. */
export function addressOf(path: string): string | RegExp {
  return path.endsWith(REST)
    ? new RegExp(`^${path.slice(0, -REST.length)}(?:/.*)?$`, 'i')
    : path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function parsers({ asks, maxBody: limit = MAX_BODY }: Operation): RequestHandler[] {
  if (asks.body === undefined) return []
  const type = (): boolean => true
  return [asks.body === bytes ? raw({ type, limit }) : json({ type, limit })]
}

function paramsOf({ path }: Operation, request: Request): unknown {
  return path.endsWith(REST) ? { path: pathIn(request, path.slice(0, -REST.length)) } : request.params
}

function bodyOf({ body }: Asks, request: Request): unknown {
  const given: unknown = request.body
  return body === bytes && given === undefined ? new Uint8Array() : given
}

function refusal(error: z.ZodError, { originalUrl }: Request): EnsembleError {
  const hint = 'GET /api/openapi.json tells what may be asked.'
  if (error.issues.some(({ path }) => path[0] === 'params')) {
    const [address = ''] = originalUrl.split('?', 1)
    return new EnsembleError('E_NOT_FOUND', `There is no ${address}: ${faultsOf(error).join('; ')}`, { hint })
  }
  return new EnsembleError('E_BAD_REQUEST', `The request is not valid: ${faultsOf(error).join('; ')}`, { hint })
}
