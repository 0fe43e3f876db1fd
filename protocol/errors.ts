/**
 * Every error that leaves a room has a code of this table. A code says three things to whoever receives it: the HTTP
 * status, the WebSocket close code, and whether the same attempt may work later.
 *
 * Close codes (rule SYNC-11): 44xx is final (a stock y-websocket 3.1 provider stops), 45xx may be retried; so may 1013,
 * the one code here that is not ours but the standard's "try again later". 4409 belongs to E_EPOCH alone (rule DOC-5).
 */
interface ErrorTraits {
  readonly status: number
  readonly close: number
  readonly retry: boolean
}

/** A status of 4xx has its own close code, 44xx; the few final ones of 5xx name theirs. */
const final = (status: number, close = 4000 + status): ErrorTraits => ({ status, close, retry: false })
/** A status of 5xx has its own close code, 45xx; the few of 4xx that may be retried name theirs. */
const retryable = (status: number, close = 4000 + status): ErrorTraits => ({ status, close, retry: true })

export const ERRORS = {
  E_BAD_REQUEST: final(400),
  E_BAD_FRAME: final(400),
  E_UNAUTHORIZED: final(401),
  E_FORBIDDEN_ORIGIN: final(403),
  E_FORBIDDEN_HOST: final(403),
  E_READ_ONLY: final(403),
  E_PATH: final(400),
  E_NOT_FOUND: final(404),
  E_UNKNOWN_DOCUMENT: final(404),
  E_NOT_TEXT: final(415),
  E_CONFLICT: final(409, 4460),
  E_CONFLICT_CLOSED: final(409, 4463),
  E_CONFLICT_MOVED: final(409, 4464),
  E_LOCK_HELD: final(409, 4465),
  E_LOCK_TIMEOUT: final(409, 4466),
  E_LOCK_DEADLOCK: final(409, 4467),
  E_LOCK_NOT_HELD: final(409, 4468),
  E_UNKNOWN_SYMBOL: final(404),
  E_RANGE: final(416),
  E_TASK: final(409, 4469),
  E_EPOCH: final(409, 4409),
  E_AGENT_TAKEN: final(409, 4423),
  E_AGENT_TYPE: final(400),
  E_REPLACED: final(409, 4410),
  E_EVENTS_GONE: final(410, 4465),
  E_UNKNOWN_BASE: final(412),
  E_TOO_LARGE: final(413),
  E_LIMIT: retryable(429, 4529),
  E_PROTOCOL_VERSION: final(426),
  E_INTERNAL: retryable(500),
  E_STARTING: retryable(503),
  E_STOPPING: retryable(503),
  E_SLOW_READER: retryable(503, 1013),
  E_STORAGE_DEGRADED: retryable(503),
  E_STORAGE_FULL: retryable(507),
  E_STORAGE_DAMAGED: final(500, 4490),
  E_STORAGE_VERSION: final(500, 4491),
  E_KEY_TOO_LONG: final(400),
  E_WORKSPACE: final(400),
  E_WORKSPACE_BUSY: final(409, 4461),
  E_PORT_TAKEN: final(409, 4462),
  E_CONFIG: final(400),
  E_UNREACHABLE: retryable(503),
  E_TIMEOUT: retryable(504),
  E_USAGE: final(400),
} as const satisfies Record<string, ErrorTraits>

export type ErrorCode = keyof typeof ERRORS

export interface ErrorDetails {
  /** What the receiver can do now; one sentence. */
  readonly hint?: string
  /** Facts for programs: names, limits, holders. Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The one error class of Ensemble. `message` says what happened and what was expected; `hint` says what to do. */
export class EnsembleError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'EnsembleError'
    this.code = code
    this.hint = details.hint
    this.data = details.data ?? {}
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get close(): number {
    return ERRORS[this.code].close
  }

  get retry(): boolean {
    return ERRORS[this.code].retry
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** Turns whatever was thrown into an error that may be shown: an unknown one keeps its text only as the cause. */
export function toEnsembleError(thrown: unknown): EnsembleError {
  if (thrown instanceof EnsembleError) return thrown
  return new EnsembleError('E_INTERNAL', 'The server met an error that it did not expect.', {
    hint: 'Try again; the log of the server has the details.',
    cause: thrown,
  })
}

/** For the `default` of a switch over a union: fails to compile when a member is not handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
