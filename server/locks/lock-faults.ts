/** Why nothing is done with a lock, besides a refusal. */
import { EnsembleError } from '../../protocol/errors.js'

export function notHeld(message: string): EnsembleError {
  return new EnsembleError('E_LOCK_NOT_HELD', message, { hint: 'See which there are: "ensemble lock list".' })
}

export function withdrawn(): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', 'Whoever asked for the lock is not there any more.')
}

export function stopping(): EnsembleError {
  return new EnsembleError('E_STOPPING', 'The server is stopping.', { hint: 'Ask again when it is back.' })
}
