/** Why nothing is done with a lock, besides a refusal. */
import { EnsembleError } from '../../protocol/errors.js'
import type { AgentId } from '../../protocol/ids.js'
import type { LockTable } from './lock-table.js'

export function notHeld(message: string): EnsembleError {
  return new EnsembleError('E_LOCK_NOT_HELD', message, { hint: 'See which there are: "ensemble lock list".' })
}

export function withdrawn(): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', 'Whoever asked for the lock is not there any more.')
}

export function stopping(): EnsembleError {
  return new EnsembleError('E_STOPPING', 'The server is stopping.', { hint: 'Ask again when it is back.' })
}

/** Of one agent, and of all. */
const MAX_OF_AGENT = 256
const MAX_LEASES = 10_000
const MAX_WAITING = 1_000

/** @param wanted locks that are asked for. @throws EnsembleError E_LIMIT */
export function assertRoom({ leases, waiting }: LockTable, holder: AgentId, wanted: number): void {
  const own = [...leases.values()].filter((lease) => lease.holder === holder).length
  const limit =
    own + wanted > MAX_OF_AGENT
      ? `${holder} holds ${own} locks; one agent may hold ${MAX_OF_AGENT}.`
      : leases.size + wanted > MAX_LEASES
        ? `${leases.size} locks are held; there may be ${MAX_LEASES}.`
        : waiting.length >= MAX_WAITING
          ? `${MAX_WAITING} requests for locks wait; there may be no more.`
          : undefined
  if (limit !== undefined)
    throw new EnsembleError('E_LIMIT', limit, { hint: 'Release what is not needed, and ask again.' })
}
