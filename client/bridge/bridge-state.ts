/** What a bridge says of itself, of everything that is going on at once: the worst first. */
import type { BridgeState, PauseReason } from './api.js'
import type { LinkState } from './ports.js'
import type { RootFault } from './root.js'

export interface BridgeFacts {
  readonly dir: string
  readonly isClosed: boolean
  readonly link: LinkState
  readonly rootFault: RootFault | undefined
  /** Why the bridge's own store can't be written, if it can't. */
  readonly storeFailure: Error | undefined
  /** Deletions that the brake holds. */
  readonly held: number
  /** The first comparison with the server is done. */
  readonly hasSynced: boolean
  /** The tree of this connection is known. */
  readonly isAttached: boolean
  readonly waiting: number
}

export function stateOf(facts: BridgeFacts): BridgeState {
  if (facts.isClosed) return { kind: 'closed', error: null }
  if (facts.link.kind === 'closed') return { kind: 'closed', error: facts.link.error }
  const reason = pauseReason(facts)
  if (reason !== undefined) return { kind: 'paused', reason }
  if (facts.link.kind !== 'live')
    return facts.link.kind === 'waiting' || facts.hasSynced ? { kind: 'offline' } : { kind: 'starting' }
  if (!facts.hasSynced || !facts.isAttached) return { kind: facts.isAttached ? 'syncing' : 'starting' }
  return { kind: facts.waiting > 0 ? 'syncing' : 'synced' }
}

export function isSameState(a: BridgeState, b: BridgeState): boolean {
  if (a.kind === 'paused' && b.kind === 'paused') return a.reason.message === b.reason.message
  return a.kind === b.kind
}

function pauseReason({ dir, rootFault, storeFailure, held }: BridgeFacts): PauseReason | undefined {
  switch (rootFault) {
    case 'root-missing':
      return {
        code: rootFault,
        message: `${dir} is gone. Nothing is deleted on the server because of that.`,
        hint: 'Bring the folder back, or mount its disk; syncing then goes on by itself.',
      }
    case 'root-replaced':
      return {
        code: rootFault,
        message: `${dir} is another folder than the one that was being synced, or was emptied. Nothing is deleted on the server because of that.`,
        hint: 'Bring the former folder back; or start Ensemble again to sync this one.',
      }
    case undefined:
      break
  }
  if (storeFailure !== undefined) {
    return {
      code: 'store-failed',
      message: `The bridge can't write its own records in ${dir}/.ensemble: ${storeFailure.message}.`,
      hint: 'Free space on the disk, or give back the right to write there; syncing then goes on by itself.',
    }
  }
  if (held === 0) return undefined
  return {
    code: 'many-deletions',
    message: `${held} files of ${dir} are gone at once; they are not deleted on the server before someone says so.`,
    hint: 'Delete them for everyone, restore them here, or put them back.',
  }
}
