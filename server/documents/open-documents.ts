/**
 * Which files' documents are in memory: one of each, loaded once, kept while anyone uses it and a while longer.
 *
 * 1. There is at most one FileDocument of a file (rule SYNC-4); loading is one step of the event loop.
 * 2. A document is unloaded only when everything of it is durable (rule SYNC-3), and is not loaded again before the
 *    rows of its unloading are.
 */
import { EnsembleError } from '../../protocol/errors.js'
import { fileId, type FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Row } from '../storage/storage.js'
import { FileDocument } from './file-document.js'
import type { FileDocumentOptions } from './file-document-options.js'
import type { FileTable } from './file-table.js'

/** Documents that nobody has attached to stay loaded, for the next write, up to so many. */
const IDLE_DOCUMENTS = 64

interface Open {
  readonly document: FileDocument
  references: number
}

export interface OpenDocumentsOptions extends Pick<
  FileDocumentOptions,
  | 'journal'
  | 'ledger'
  | 'fence'
  | 'live'
  | 'newClient'
  | 'attachLive'
  | 'placeFor'
  | 'mergeRules'
  | 'decideAside'
  | 'onDivergence'
> {
  readonly table: FileTable
  readonly newId: () => string
}

/** `held`: its next text is being decided; `unsaved`: it has what is not stored yet; `live`: someone has it open; `idle`: nobody has. */
export type DocumentState = 'held' | 'unsaved' | 'live' | 'idle'

export class OpenDocuments {
  readonly #options: OpenDocumentsOptions
  /** Least recently used first. */
  readonly #open = new Map<FileId, Open>()
  /** Documents of paths that never held a file, a subset of `#open`. */
  readonly #unborn = new Map<WorkspacePath, FileDocument>()
  /** Commits of files that are not open, unloadings among them. */
  readonly #settling = new Map<FileId, Promise<void>>()

  constructor(options: OpenDocumentsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#open.size
  }

  /** How many documents in memory are in which state. */
  get states(): Readonly<Record<DocumentState, number>> {
    const states = { held: 0, unsaved: 0, live: 0, idle: 0 }
    for (const { document, references } of this.#open.values()) states[stateOf(document, references)]++
    return states
  }

  all(): FileDocument[] {
    return [...this.#open.values()].map(({ document }) => document)
  }

  loaded(id: FileId): FileDocument | undefined {
    return this.#open.get(id)?.document
  }

  /** The document of a path that holds no file, if someone has it open. */
  unborn(path: WorkspacePath): FileDocument | undefined {
    const document = this.#unborn.get(path)
    return document?.head === null ? document : undefined
  }

  /** Commits rows of a file that is not open; `committed` runs in the order of commits. */
  async settle(id: FileId, rows: readonly Row[], committed: () => void = () => undefined): Promise<void> {
    const before = this.#settling.get(id)
    // One step behind the queue's promise, as in LiveDocument.seal: so everybody hears of commits in their order.
    const commit = this.#options.live.queue.enqueue(rows).then(committed)
    const settling = Promise.allSettled([before, commit]).then(() => {
      if (this.#settling.get(id) === settling) this.#settling.delete(id)
    })
    this.#settling.set(id, settling)
    await commit
  }

  /**
   * Runs `act` in a step of the event loop in which storage tells all there is of a file that is not open, and the head
   * all there is of one that is: then the document can be loaded, and the head be changed.
   *
   * @param file which one that is by then
   * @param path where a document without a file may be becoming one
   */
  async whenSettled<T>(file: () => FileId | undefined, act: () => T, path?: WorkspacePath): Promise<Awaited<T>> {
    for (;;) {
      const asked = file()
      const loaded = asked === undefined ? undefined : this.loaded(asked)
      const concerned = [...(path === undefined ? [] : this.#at(path)), ...(loaded === undefined ? [] : [loaded])]
      const held = concerned.find(({ live }) => live.held !== undefined)
      if (held !== undefined) {
        await held.live.held
        continue
      }
      for (const document of concerned) {
        if (document.live.gathered) void document.live.seal().catch(() => undefined) // its users are told
      }
      const id = file()
      const settling = id === undefined ? undefined : this.#settling.get(id)
      if (settling === undefined) return await act()
      await this.#options.live.queue.unlessDegraded(() => settling) // while it fails this could take for ever
    }
  }

  /** Runs `act` in the step in which `decided` resolves; until then nothing else changes the file. Only within `whenSettled`. */
  keeping<T>(id: FileId, decided: Promise<void>, act: () => Promise<T>): Promise<T> {
    return this.load(id).live.hold(decided, async () => await act())
  }

  /** What has gathered at a path is committed now, unless it is held: then what locks keep out of it is found when that ends. */
  seal(path: WorkspacePath): void {
    for (const { live } of this.#at(path))
      if (live.gathered && live.held === undefined) void live.seal().catch(() => undefined) // its users are told
  }

  /** The document of a file; only within `whenSettled`. */
  load(id: FileId): FileDocument {
    const open = this.#open.get(id)
    if (open !== undefined) {
      this.#open.delete(id)
      this.#open.set(id, open)
      return open.document
    }
    const file = this.#options.table.get(id)
    if (file === undefined) throw new Error(`no file has the id ${id}`)
    return this.#add(new FileDocument({ ...this.#options, id, path: file.head.path, ...file }))
  }

  /** A file is about to come to a path: who has a document open that was there, of no file or of a deleted one, leaves it. */
  vacate(path: WorkspacePath, coming: FileId, why: EnsembleError): void {
    for (const document of this.#at(path)) if (document.id !== coming) document.live.expel(why)
  }

  /** The documents in memory that a path leads to: of no file yet, and of the file there, deleted or not. */
  #at(path: WorkspacePath): FileDocument[] {
    const there = this.#options.table.at(path)?.head.id
    const file = there === undefined ? undefined : this.loaded(there)
    return [this.unborn(path), file].filter((document) => document !== undefined)
  }

  /** Paired with `release`. Of a path that holds no file: a document that becomes the file with its first change. */
  async attach(path: WorkspacePath): Promise<FileDocument> {
    const file = (): FileId | undefined => this.#options.table.meantBy(path)?.head.id
    const attach = (): FileDocument => {
      const document = this.#attachable(path)
      const open = this.#open.get(document.id)
      if (open !== undefined) open.references++
      return document
    }
    return await this.whenSettled(file, attach, path)
  }

  release(document: FileDocument): void {
    const open = this.#open.get(document.id)
    if (open?.document !== document) return
    open.references--
    this.unloadIdle()
  }

  /** Lets go of a document whose users were told to leave. */
  drop(document: FileDocument): void {
    if (this.#open.get(document.id)?.document !== document) return
    this.#open.delete(document.id)
    this.#forgetUnborn(document)
    document.live.destroy()
  }

  unloadIdle(keep = IDLE_DOCUMENTS): void {
    const idle = [...this.#open.values()].filter(({ references }) => references === 0)
    for (const { document } of idle) {
      if (document.head === null && document.live.settled) this.drop(document)
      else if (document.head !== null) this.#forgetUnborn(document)
    }
    for (const { document } of idle.slice(0, Math.max(0, idle.length - keep))) {
      if (!document.live.settled || document.head === null) continue
      const rows = document.unloadingRows()
      this.drop(document)
      if (rows.length > 0) void this.settle(document.id, rows).catch(() => undefined) // nothing new was in them
    }
  }

  #forgetUnborn(document: FileDocument): void {
    for (const [path, other] of this.#unborn) if (other === document) this.#unborn.delete(path)
  }

  #attachable(path: WorkspacePath): FileDocument {
    const file = this.#options.table.meantBy(path)
    if (file !== undefined && file.head.kind === 'binary' && !file.head.deleted) {
      throw new EnsembleError('E_NOT_TEXT', `${path} is not a text file, so it has no document.`, {
        hint: `Its bytes are at /api/files/${path}.`,
      })
    }
    if (file !== undefined) {
      const { state } = this.#options.live.queue
      const isSeeded = file.epoch !== null || this.loaded(file.head.id) !== undefined
      if (state !== 'ok' && !isSeeded) throw state.degraded // its first state would be shown when that is stored
      return this.load(file.head.id)
    }
    return this.begin(path)
  }

  /** The document of a path that holds no file, nor ever did; only within `whenSettled`. */
  begin(path: WorkspacePath): FileDocument {
    const unborn = this.unborn(path)
    if (unborn !== undefined) return unborn
    const id = fileId.parse(this.#options.newId())
    const former = this.#options.table.leftFrom(path)?.epoch ?? null
    const document = this.#add(new FileDocument({ ...this.#options, id, path, head: null, epoch: null, former }))
    this.#unborn.set(path, document)
    return document
  }

  #add(document: FileDocument): FileDocument {
    this.#open.set(document.id, { document, references: 0 })
    document.live.onExpelled(() => {
      this.drop(document)
      // What of it is under way is in storage before anyone loads it again.
      if (!document.live.settled) void this.settle(document.id, []).catch(() => undefined) // the server is stopping
    })
    return document
  }
}

function stateOf({ live }: FileDocument, references: number): DocumentState {
  if (live.held !== undefined) return 'held'
  if (!live.settled) return 'unsaved'
  return references > 0 ? 'live' : 'idle'
}

/** Why the users of a document that has no file yet have to let it go. */
export function renamedHere(path: WorkspacePath, to: WorkspacePath): EnsembleError {
  return new EnsembleError('E_STARTING', `${path} was renamed to ${to}, where this document was.`, {
    hint: 'Connect again: then it is the renamed file’s.',
  })
}

export function notText(path: WorkspacePath): EnsembleError {
  return new EnsembleError('E_NOT_TEXT', `${path} is not a text file any more.`, {
    hint: `Its bytes are at /api/files/${path}.`,
  })
}
