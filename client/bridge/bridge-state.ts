/** What a bridge says of itself, of everything that is going on at once: the worst first. */
import { unreachable } from '../../protocol/errors.js'
import type { BridgeState, PauseReason } from './api.js'
import type { Held } from './gate.js'
import type { LinkState } from './ports.js'
import type { RootFault } from './root.js'

export interface BridgeFacts {
  readonly dir: string
  readonly isClosed: boolean
  readonly link: LinkState
  readonly rootFault: RootFault | undefined
  /** Why the bridge's own store can't be written, if it can't. */
  readonly storeFailure: Error | undefined
  readonly held: Held | undefined
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
        ...WHOLE,
        code: rootFault,
        message: `${dir} is gone. Nothing is deleted on the server because of that.`,
        hint: 'Bring the folder back, or mount its disk; syncing then goes on by itself.',
      }
    case 'root-replaced':
      return {
        ...WHOLE,
        code: rootFault,
        message: `${dir} is another folder than the one that was being synced, or was emptied. Nothing is deleted on the server because of that.`,
        hint: 'Bring the former folder back; or start Ensemble again to sync this one.',
      }
    case undefined:
      break
  }
  if (storeFailure !== undefined) {
    return {
      ...WHOLE,
      code: 'store-failed',
      message: `The bridge can't write its own records in ${dir}/.ensemble: ${storeFailure.message}.`,
      hint: 'Free space on the disk, or give back the right to write there; syncing then goes on by itself.',
    }
  }
  return held === undefined ? undefined : heldReason(dir, held)
}

/** Nobody has to choose: it goes on when the cause is gone. */
const WHOLE = { files: 0, paths: [], choices: [], since: null }
/** Named of those that are held. */
const PATHS = 5

function heldReason(dir: string, { code, files, since }: Held): PauseReason {
  const gone = [...files.values()].filter((kind) => kind === 'delete').length
  const changed = files.size - gone
  const rest = { code, files: files.size, paths: [...files.keys()].slice(0, PATHS), since }
  switch (code) {
    case 'many-deletions':
      return {
        ...rest,
        message: `${gone} files of ${dir} are gone at once; they are not deleted on the server before someone says so.`,
        hint: 'Delete them for everyone, restore them here, or put them back.',
        choices: ['delete', 'restore'],
      }
    case 'many-overwrites':
    case 'git-operation': {
      const what = gone === 0 ? `${changed} files` : `${files.size} files (${gone} of them gone)`
      const who =
        code === 'git-operation' ? `git changed ${what} of ${dir} at once` : `${what} of ${dir} changed at once`
      return {
        ...rest,
        message: `${who}; that is not passed on to the others before someone says so.`,
        hint: 'Accept it for everyone, or restore here what the server has; what is restored away is kept aside.',
        choices: ['accept', 'restore'],
      }
    }
    default:
      return unreachable(code)
  }
}
