/** A server without its sockets, that the test kills: files, rooms and locks on one clock, and what its events say afterwards. */
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { agentId, type Author, type LockId } from '../../../protocol/ids.js'
import type { WorkspacePath } from '../../../protocol/paths.js'
import { FileJournal } from '../../../server/documents/file-journal.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import type { DecideAside } from '../../../server/documents/write-decider.js'
import { EventBus } from '../../../server/events/event-bus.js'
import { LockService } from '../../../server/locks/lock-service.js'
import type { Storage } from '../../../server/storage/storage.js'
import { stored } from '../../../server/storage/stored.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { Fence } from '../../support/fence.js'
import type { ManualClock } from '../../support/manual-clock.js'
import { openStore, type Opened } from '../documents/harness.js'

export interface Life {
  readonly fence: Fence
  readonly store: Opened
  readonly rooms: Rooms
  readonly locks: LockService
}

const defer = (run: () => void): void => void setImmediate(run)

/** @param elapsed what commits and tellings take by it is what gathers for some time */
export function startLife(storage: Storage, clock: ManualClock, elapsed: () => number, decideAside: DecideAside): Life {
  const fence = new Fence(storage)
  const { now, timers } = clock
  const locksOf = (): LockService => locks
  const store = openStore(fence, {
    ...{ clock, elapsed, decideAside },
    fence: {
      follow: (head, left, edits) => {
        locksOf().follow(head, left, edits)
      },
      regions: (path) => locksOf().closedRegions(path),
      holderOf: (token) => locksOf().holderOf(token),
    },
  })
  const { files, queue, events } = store
  const free = new FreeDocuments({ storage: fence, queue, serverClient: 9, defer })
  const journal = new FileJournal(fence)
  const locks = new LockService({
    ...{ storage: fence, queue, events, now, elapsed, timers, grace: 0, isConnected: () => false },
    eventBus: new EventBus<WorkspaceEvent>(unexpected),
    head: (path) => files.head(path),
    entry: (id, rev) => journal.entry(id, rev),
    textOf: (path) => files.peekText(path),
    seal: (path) => {
      files.seal(path)
    },
    symbol: unexpected,
    near: () => [],
    onError: () => undefined, // what the disk says: the queue tries again
  })
  return { fence, store, locks, rooms: new Rooms({ files, free, defer, elapsed, timers }) }
}

function unexpected(error: unknown): never {
  throw error
}

/** What the stored events say of files that someone had whole: that they were held by two, or changed by another. */
export function heldByTwo(storage: Storage): string[] {
  const faults: string[] = []
  const journal = new FileJournal(storage)
  const leases = new Map<LockId, { readonly path: WorkspacePath; readonly holder: Author }>()
  const isOthers = (path: WorkspacePath, author: Author): boolean =>
    agentId.safeParse(author).success &&
    [...leases.values()].some((lease) => lease.path === path && lease.holder !== author)
  for (const { value } of storage.range({ from: ['event', 0], to: ['event', Infinity] })) {
    const event = stored<WorkspaceEvent>(value)
    if (event.type === 'lock:acquired' && event.data.region.kind === 'file') {
      const { lock_id: id, path, holder } = event.data
      if (isOthers(path, holder)) faults.push(`${event.seq}: two hold ${path}`)
      leases.set(id, { path, holder })
    } else if (event.type === 'lock:released' || event.type === 'lock:expired') leases.delete(event.data.lock_id)
    else if (event.type === 'file:changed') {
      const { file, file_id, rev, renamed_from: left, author } = event.data
      const hashes = [rev - 1, rev].map((n) => journal.entry(file_id, n)?.hash)
      // One that was undone in its own turn may have left a revision that changes nothing.
      if (hashes[0] !== hashes[1] && isOthers(left ?? file, author))
        faults.push(`${event.seq}: ${author} changed what another holds`)
      for (const [id, lease] of leases) if (lease.path === left) leases.set(id, { ...lease, path: file })
    }
  }
  return faults
}
