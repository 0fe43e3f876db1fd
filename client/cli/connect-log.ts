/** The log of an agent's folder: one JSON object a line. */
import { join } from 'node:path'
import { pino, type Logger } from 'pino'

/** What a disk that is full has not taken yet. In characters; lines beyond that are lost. */
const MAX_WAITING = 1024 * 1024

/** @param data the folder's data folder */
export function openConnectLog(data: string, name = 'connect.log'): Logger {
  const destination = pino.destination({ dest: join(data, name), sync: true, maxLength: MAX_WAITING })
  // A disk that is full, or gone, is told elsewhere; a log that can't be written ends nobody's work.
  destination.on('error', () => undefined)
  return pino({ base: null }, destination)
}
