/** Questions to a server over HTTP, for commands that ask once. */
import { request } from 'node:http'
import { request as requestOverTls } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import { z } from 'zod'
import { conflict, type Conflict } from '../../protocol/conflicts.js'
import { EnsembleError } from '../../protocol/errors.js'
import { problem } from '../../protocol/messages.js'
import { status, type Status } from '../../protocol/status.js'
import { fromProblem } from '../sdk/connection.js'

export interface ServerAddress {
  readonly url: string
  readonly token: string
}

/** For an answer. In milliseconds. */
const PATIENCE = 10_000
/** For a sign of life on this machine, or near. In milliseconds. */
const SHORT_PATIENCE = 2_000

/** @throws EnsembleError E_UNREACHABLE, or what the server says */
export async function getStatus(server: ServerAddress): Promise<Status> {
  return await ask(server, '/api/status', status)
}

/** @throws EnsembleError E_UNREACHABLE, or what the server says */
export async function getConflicts(server: ServerAddress, state: 'open' | 'all'): Promise<readonly Conflict[]> {
  const { conflicts } = await ask(server, `/api/conflicts?state=${state}`, z.object({ conflicts: z.array(conflict) }))
  return conflicts
}

/** Whether an Ensemble server answers there, whatever its state. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(SHORT_PATIENCE) }).catch(() => undefined)
  await response?.body?.cancel()
  return response !== undefined && response.headers.has('x-ensemble')
}

export interface Asking {
  /** Where there is a body; default POST. Without one the question is a GET. */
  readonly method?: 'PUT'
  /** Sent as JSON. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** In milliseconds; 10 s unless told. */
  readonly patience?: number
}

/**
 * One question to the API.
 * @throws EnsembleError E_UNREACHABLE, or what the server says
 */
export async function ask<T>(
  { url, token }: ServerAddress,
  path: string,
  schema: z.ZodType<T>,
  { method, body, headers = {}, patience = PATIENCE }: Asking = {},
): Promise<T> {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const {
    status: code,
    contentType,
    text,
  } = await send(`${url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { Authorization: `Bearer ${token}`, ...type, ...headers },
    body: body === undefined ? '' : JSON.stringify(body),
    patience,
  }).catch((cause: unknown) => {
    throw nobodyAt(url, cause)
  })
  const answer = jsonOf(text)
  if (code < 200 || code > 299) throw refusalIn(answer, url)
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  if (!contentType.includes('json')) throw notOurs(url)
  throw new EnsembleError(
    'E_PROTOCOL_VERSION',
    `The server at ${url} answers in a form that this command does not know.`,
    {
      hint: 'Use the command line of the same version as the server.',
      cause: parsed.error,
    },
  )
}

interface Sent {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** In milliseconds. */
  readonly patience: number
}

interface Answered {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** Not `fetch`: that gives up when nothing was answered for five minutes, and a lock may be waited for an hour. */
function send(url: string, { method, headers, body, patience }: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const ask = new URL(url).protocol === 'https:' ? requestOverTls : request
    const options = { method, headers, agent: false, signal: AbortSignal.timeout(patience) }
    const asking = ask(url, options, (response) => {
      const { statusCode: code = 0, headers: given } = response
      textOf(response).then((text) => {
        resolve({ status: code, contentType: given['content-type'] ?? '', text })
      }, reject)
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // whoever asked says what it means
  }
}

/**
 * An answer that comes bit by bit, until `signal` ends it.
 * @throws EnsembleError E_UNREACHABLE, or what the server says
 */
export async function open(
  { url, token }: ServerAddress,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const given = { Authorization: `Bearer ${token}`, ...headers }
  const response = await fetch(`${url}${path}`, { headers: given, signal }).catch((cause: unknown) => {
    throw nobodyAt(url, cause)
  })
  if (!response.ok) throw refusalIn(await response.json().catch(() => undefined), url)
  if (response.body === null) throw notOurs(url)
  return response.body
}

function refusalIn(answer: unknown, url: string): EnsembleError {
  const refusal = problem.safeParse(withMessage(answer))
  return refusal.success ? inOurWords(fromProblem(refusal.data)) : notOurs(url)
}

export function nobodyAt(url: string, cause?: unknown): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', `No server answers at ${url}.`, {
    hint: 'Start one, or name the right one with --url.',
    data: { url, try: 'ensemble server start DIR' },
    cause,
  })
}

/** The server speaks to programs of headers; here is a command line. */
function inOurWords(error: EnsembleError): EnsembleError {
  if (error.code !== 'E_UNAUTHORIZED') return error
  const hint =
    'Check --token-file and ENSEMBLE_TOKEN, if they are set; the token stands in .ensemble/token of the workspace.'
  return new EnsembleError(error.code, error.message, { hint, data: error.data })
}

/** RFC 9457 calls the message `detail`. */
function withMessage(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'detail' in body ? { ...body, message: body.detail } : body
}

function notOurs(url: string): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', `What answers at ${url} is not an Ensemble server.`, {
    hint: 'Check the address and its port.',
    data: { url },
  })
}
