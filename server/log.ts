/** The server's log: one JSON object a line, to standard error or to a file. Tokens never reach it. */
import { pino, type Logger } from 'pino'
import type { EnsembleError } from '../protocol/errors.js'

/** What a disk that is full has not taken yet. In characters; lines beyond that are lost. */
const MAX_WAITING = 1024 * 1024

/** @param file absent: standard error */
export function createLog(file?: string): Logger {
  const level = process.env['ENSEMBLE_LOG'] ?? 'info'
  const destination = pino.destination({ dest: file ?? 2, sync: false, mkdir: true, maxLength: MAX_WAITING })
  // The disk that is full may be that of the log alone, and is told where it matters: a log that can't be written ends nothing.
  destination.on('error', () => undefined)
  return pino({ level, base: null }, destination)
}

/** Whoever comes while the server starts or stops is told to come again, and nothing is wrong. */
const EXPECTED: ReadonlySet<string> = new Set(['E_STARTING', 'E_STOPPING'])

/** What a client did wrong is worth a line for whoever debugs; what we did wrong is worth a look. */
export function logError(log: Logger, error: EnsembleError): void {
  const { code, data, cause } = error
  if (error.status >= 500 && !EXPECTED.has(code)) log.error({ code, data, err: cause }, error.message)
  else log.info({ code, data }, error.message)
}
