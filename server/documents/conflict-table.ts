/**
 * The conflicts of the workspace: the open ones in memory, all of them in storage.
 *
 * Rows: ['conflict', id] Conflict. A row is committed together with the text that it belongs to (rule CONFLICT-1).
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { Conflict, ConflictFilter, Resolution } from '../../protocol/conflicts.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { ConflictId, FileId } from '../../protocol/ids.js'
import { rowsUnder } from '../storage/keys.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { Ledger } from './ledger.js'

/** Closed ones that may not have reached storage yet are among the last so many. */
const RECENT = 1_000

interface Noted {
  readonly conflict: Conflict
  readonly event: WorkspaceEvent
  readonly rows: readonly Row[]
}

export class ConflictTable {
  readonly #storage: Storage
  readonly #ledger: Ledger
  readonly #onChange: (path: WorkspacePath, ids: readonly ConflictId[]) => void
  readonly #open = new Map<ConflictId, Conflict>()
  readonly #byFile = new Map<FileId, Set<ConflictId>>()
  readonly #closed = new Map<ConflictId, Conflict>()

  /** @param onChange hears of each file's open conflicts as they change, before that is durable */
  constructor(storage: Storage, ledger: Ledger, onChange: (path: WorkspacePath, ids: readonly ConflictId[]) => void) {
    this.#storage = storage
    this.#ledger = ledger
    this.#onChange = onChange
    for (const conflict of this.#stored()) if (conflict.state === 'open') this.#set(conflict)
  }

  /** Of each path that has any. */
  openByPath(): ReadonlyMap<WorkspacePath, readonly ConflictId[]> {
    return new Map([...this.#open.values()].map(({ path, fileId }) => [path, this.#idsOf(fileId)]))
  }

  get count(): number {
    return this.#open.size
  }

  /** What a record says may still be on its way to the disk. */
  get open(): readonly Conflict[] {
    return [...this.#open.values()]
  }

  openOf(file: FileId): readonly Conflict[] {
    return [...(this.#byFile.get(file) ?? [])].flatMap((id) => this.#open.get(id) ?? [])
  }

  /** @throws EnsembleError E_NOT_FOUND */
  find(id: ConflictId): Conflict {
    const known = this.#open.get(id) ?? this.#closed.get(id)
    const found = known ?? stored<Conflict | undefined>(this.#storage.get(['conflict', id]))
    if (found !== undefined) return found
    throw new EnsembleError('E_NOT_FOUND', `There is no conflict ${id}.`, {
      hint: 'See which there are: "ensemble conflicts list --all".',
    })
  }

  /** @throws EnsembleError E_NOT_FOUND, E_CONFLICT_CLOSED */
  findOpen(id: ConflictId): Conflict {
    const conflict = this.find(id)
    if (conflict.state === 'open') return conflict
    const { outcome, by, time } = conflict.resolution ?? { outcome: 'text', by: 'PEER', time: conflict.time }
    const how = conflict.state === 'superseded' ? 'wrote something else there' : `decided it (${WORDS[outcome]})`
    throw new EnsembleError('E_CONFLICT_CLOSED', `The conflict in ${conflict.path} is closed: ${nameOf(by)} ${how}.`, {
      hint: 'To change the text now, edit the file; both sides stay on record.',
      data: { id, path: conflict.path, outcome, by, time, try: `ensemble conflicts show ${id}` },
    })
  }

  /**
   * Closed ones as far as they are durable, oldest first.
   * @param file the one at the path, whatever it was called when it was in conflict
   */
  list({ state = 'open', path }: ConflictFilter, file?: FileId): readonly Conflict[] {
    const all = state === 'open' ? this.open : [...this.#stored()]
    const found = path === undefined ? all : all.filter((one) => one.path === path || one.fileId === file)
    return [...found].sort((a, b) => a.time - b.time)
  }

  raise(conflict: Conflict, text: string | null): Noted {
    this.#set(conflict)
    this.#onChange(conflict.path, this.#idsOf(conflict.fileId))
    return { conflict, ...this.#ledger.raise(conflict, text) }
  }

  /** Puts another form of an open conflict on record. */
  change(conflict: Conflict): Row {
    this.#set(conflict)
    return { put: ['conflict', conflict.id], value: conflict }
  }

  /** The file of an open conflict has another path now. */
  follow(conflict: Conflict, path: WorkspacePath): Row {
    this.#onChange(conflict.path, [])
    this.#onChange(path, this.#idsOf(conflict.fileId))
    return this.change({ ...conflict, path })
  }

  close(open: Conflict, resolution: Resolution): Noted {
    const state = resolution.outcome === 'superseded' ? 'superseded' : 'resolved'
    const conflict: Conflict = { ...open, state, resolution }
    this.#open.delete(open.id)
    this.#byFile.get(open.fileId)?.delete(open.id)
    this.#onChange(open.path, this.#idsOf(open.fileId))
    this.#closed.set(open.id, conflict)
    for (const [oldest] of this.#closed) {
      if (this.#closed.size <= RECENT) break
      this.#closed.delete(oldest)
    }
    return { conflict, ...this.#ledger.close(conflict, resolution) }
  }

  #idsOf(file: FileId): readonly ConflictId[] {
    return [...(this.#byFile.get(file) ?? [])]
  }

  #set(conflict: Conflict): void {
    this.#open.set(conflict.id, conflict)
    const ids = this.#byFile.get(conflict.fileId) ?? new Set<ConflictId>()
    this.#byFile.set(conflict.fileId, ids.add(conflict.id))
  }

  *#stored(): Iterable<Conflict> {
    for (const { value } of this.#storage.range(rowsUnder(['conflict']))) yield stored<Conflict>(value)
  }
}

function nameOf(by: Resolution['by']): string {
  switch (by) {
    case 'PEER':
      return 'someone without a name'
    case 'DISK':
      return 'someone in the workspace’s own folder'
    default:
      return by
  }
}

const WORDS: Readonly<Record<Resolution['outcome'], string>> = {
  ours: 'what stood there stays',
  theirs: 'what was held went in',
  both: 'both stand',
  text: 'with a text of its own',
  superseded: 'it was written over',
}
