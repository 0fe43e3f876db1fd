/**
 * The documents that a client edits live, and what of them the server has not stored yet.
 *
 * Guarantees:
 * 1. An edit that the server has not stored within a moment, or that is made without a connection, is put into the store, with
 *    all that it stands upon; a later process goes on with it, whether it opens the file or not (rule CLIENT-5).
 * 2. It leaves the store when the server has stored it, or when it waits as a write of the whole text: that is what becomes of
 *    it where the server has another history of the file, or has it no longer as text.
 *
 * Rows: ['document', n, name]: 0 has the document as it was with its first unsent edit; those behind it what came later.
 */
import * as Y from 'yjs'
import { z } from 'zod'
import { CONTENT_ROOT, formatDocumentName, parseDocumentName } from '../../protocol/document.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { PLAIN_FORMAT } from '../../protocol/text/encoding.js'
import type { After, Connection, Disposer } from './connection.js'
import { fromBase64, hashOf, toBase64 } from './content-hash.js'
import { SharedDocument } from './document.js'
import type { FileCache } from './file-cache.js'
import type { RequestSender } from './request-sender.js'
import type { Change, ClientStore } from './store.js'

/** A file's document, while it is open. */
export interface OpenFile {
  readonly doc: Y.Doc
  /** The file's text. What is inserted and deleted here everyone sees at once; what they do stands here. */
  readonly text: Y.Text
  /** The reason, once the server has it no longer, as E_NOT_TEXT: what is edited from then on goes nowhere. Open it anew. */
  readonly ended: Promise<EnsembleError>
  /** Ends it. Edits that are still under way are sent all the same. */
  close(): void
}

export interface DocumentsOptions {
  readonly connection: Connection
  readonly sender: RequestSender
  readonly store: ClientStore
  readonly cache: FileCache
  readonly after: After
  readonly newWriteId: () => WriteId
  readonly onError: (thrown: unknown) => void
}

/** So long an edit may be under way before it is put into the store, and a receipt is asked for. In milliseconds. */
const MOMENT = 500
const PREFIX = 'document/'
/** More rows than that are put together. */
const MOST_ROWS = 500

const first = z.object({ base: z.string(), update: z.base64() })
const later = z.object({ update: z.base64() })

interface Held {
  readonly name: string
  readonly path: WorkspacePath
  readonly document: SharedDocument
  readonly ended: Promise<EnsembleError>
  readonly tellEnded: (why: EnsembleError) => void
  users: number
  /** The text before its first unsent edit. */
  base: string
  /** Rows in the store. */
  rows: number
  /** Made since the last row. */
  fresh: Uint8Array[]
  timer: Disposer | undefined
}

/** What an earlier process left of one. */
interface Left {
  readonly base: string
  readonly updates: readonly Uint8Array[]
}

export class Documents {
  readonly #options: DocumentsOptions
  readonly #held = new Map<string, Held>()
  readonly #offState: Disposer
  readonly #idle: (() => void)[] = []
  #writing: Promise<unknown> = Promise.resolve()

  /** @param rows of the store */
  constructor(options: DocumentsOptions, rows: ReadonlyMap<string, string>) {
    this.#options = options
    for (const [name, left] of leftIn(rows)) this.#hold(name, left)
    this.#offState = options.connection.onState(({ kind }) => {
      if (kind !== 'live') for (const held of this.#held.values()) this.#keep(held)
    })
  }

  /** How many have edits that the server has not stored. */
  get unsent(): number {
    return [...this.#held.values()].filter(({ document }) => document.isUnsent).length
  }

  /** @throws EnsembleError E_NOT_TEXT */
  async open(path: WorkspacePath): Promise<OpenFile> {
    const name = formatDocumentName({ kind: 'file', path })
    const held = this.#held.get(name) ?? this.#hold(name)
    const { document } = held
    held.users++
    let isOpen = true
    const close = (): void => {
      if (!isOpen) return
      isOpen = false
      held.users--
      this.#letGo(held)
    }
    try {
      const isHere = document.isUnsent && this.#options.connection.state.kind !== 'live'
      if (!isHere) await document.synced()
    } catch (thrown) {
      close()
      throw thrown
    }
    return { doc: document.doc, text: document.doc.getText(CONTENT_ROOT), ended: held.ended, close }
  }

  /** Resolves when the server has stored all that was edited. */
  async flushed(): Promise<void> {
    for (const { document } of this.#held.values()) document.confirm()
    if (this.unsent > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** What the server has not stored stays in the store. Can be called twice. */
  async close(): Promise<void> {
    this.#offState()
    for (const held of [...this.#held.values()]) {
      this.#keep(held)
      this.#drop(held)
    }
    await this.#writing
  }

  #hold(name: string, left: Left = { base: '', updates: [] }): Held {
    const { connection } = this.#options
    const listener = {
      onEdit: (update: Uint8Array) => {
        this.#edited(held, update)
      },
      onStored: () => {
        this.#stored(held)
      },
      onRefused: (error: EnsembleError) => {
        this.#refused(held, error)
      },
    }
    const document = new SharedDocument(connection, name, listener, left.updates)
    const path = pathOf(name)
    const { base, updates } = left
    let tellEnded: Held['tellEnded'] = () => undefined
    const ended = new Promise<EnsembleError>((resolve) => (tellEnded = resolve))
    const told = { ended, tellEnded }
    const held: Held = {
      name,
      path,
      document,
      ...told,
      users: 0,
      base,
      rows: updates.length,
      fresh: [],
      timer: undefined,
    }
    document.doc.on('beforeTransaction', ({ origin }: Y.Transaction) => {
      if (origin !== document && !document.isUnsent) held.base = document.doc.getText(CONTENT_ROOT).toJSON()
    })
    this.#held.set(name, held)
    return held
  }

  #edited(held: Held, update: Uint8Array): void {
    held.fresh.push(update)
    if (this.#options.connection.state.kind === 'live') this.#watch(held)
    else this.#keep(held)
  }

  #watch(held: Held): void {
    held.timer ??= this.#options.after(MOMENT, () => {
      held.timer = undefined
      if (!held.document.isUnsent) return
      held.document.confirm()
      this.#keep(held)
      this.#watch(held)
    })
  }

  /** Puts what is not there yet into the store. */
  #keep(held: Held): void {
    const { document, fresh, base, name } = held
    if (!document.isUnsent || fresh.length === 0) return
    const isWhole = held.rows === 0 || held.rows >= MOST_ROWS
    const update = toBase64(isWhole ? Y.encodeStateAsUpdate(document.doc) : Y.mergeUpdates(fresh))
    const row = isWhole ? { base, update } : { update }
    const stale = isWhole ? keysOf(name, 1, held.rows) : []
    const at = isWhole ? 0 : held.rows
    held.fresh = []
    held.rows = at + 1
    this.#write([...stale.map(gone), { key: keyOf(name, at), value: JSON.stringify(row) }])
  }

  #stored(held: Held): void {
    this.#forget(held)
    this.#letGo(held)
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.unsent === 0) for (const tell of this.#idle.splice(0)) tell()
  }

  /** The text goes on as a write of the whole file: it is merged upon whatever is there, or comes back with the reason. */
  #refused(held: Held, error: EnsembleError): void {
    const { document, base, path } = held
    held.tellEnded(error)
    if (!document.isUnsent) {
      this.#drop(held)
      return
    }
    const { sender, cache, newWriteId, onError } = this.#options
    const head = cache.head(path)
    const { bom, eol, executable } = head ?? { ...PLAIN_FORMAT, executable: false }
    const content = (text: string) => ({ kind: 'text' as const, text, bom, eol })
    const isNew = base === '' && (head === undefined || head.deleted)
    const upon = isNew ? null : { rev: 0, hash: hashOf(content(base)) }
    const written = content(document.doc.getText(CONTENT_ROOT).toJSON())
    try {
      const params = { writeId: newWriteId(), path, base: upon, content: written, executable }
      sender.add({ method: 'write', params }, base).stored.then(() => {
        this.#forget(held)
      }, onError)
      this.#drop(held)
      this.#tellIdle()
    } catch {
      this.#keep(held) // no room for it: another process may have some
      onError(error)
    }
  }

  #forget(held: Held): void {
    const keys = keysOf(held.name, 0, held.rows)
    held.rows = 0
    held.fresh = []
    if (keys.length > 0) this.#write(keys.map(gone))
  }

  /** What nobody uses ends when nothing of it is under way. */
  #letGo(held: Held): void {
    if (held.users > 0 || (held.document.isUnsent && this.#held.get(held.name) === held)) return
    this.#drop(held)
  }

  #drop(held: Held): void {
    held.timer?.()
    held.timer = undefined
    if (this.#held.get(held.name) === held) this.#held.delete(held.name)
    held.document.close()
  }

  #write(changes: readonly Change[]): void {
    const { store, onError } = this.#options
    this.#writing = Promise.all([this.#writing, store.write(changes).catch(onError)])
  }
}

function pathOf(name: string): WorkspacePath {
  const parsed = parseDocumentName(name)
  if (parsed.kind === 'file') return parsed.path
  throw new EnsembleError('E_INTERNAL', `${name} is the document of no file.`)
}

const keyOf = (name: string, n: number): string => `${PREFIX}${n}/${name}`
const keysOf = (name: string, from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, at) => keyOf(name, from + at))
const gone = (key: string): Change => ({ key, value: null })

/** @throws EnsembleError E_STORAGE_DAMAGED */
function leftIn(rows: ReadonlyMap<string, string>): Map<string, Left> {
  const found = new Map<string, Left>()
  for (const [key, value] of rows) {
    const name = key.startsWith(`${PREFIX}0/`) ? key.slice(PREFIX.length + 2) : undefined
    if (name === undefined) continue
    const { base, update } = parsed(first, key, value)
    const updates = [fromBase64(update)]
    for (let n = 1, row = rows.get(keyOf(name, n)); row !== undefined; row = rows.get(keyOf(name, ++n)))
      updates.push(fromBase64(parsed(later, keyOf(name, n), row).update))
    found.set(name, { base, updates })
  }
  return found
}

function parsed<T>(schema: z.ZodType<T>, key: string, value: string): T {
  const row = schema.safeParse(JSON.parse(value))
  if (row.success) return row.data
  throw new EnsembleError('E_STORAGE_DAMAGED', `Edits that wait (${key}) can't be read: ${row.error.message}`, {
    hint: 'They were stored by another version of Ensemble; that version can send them.',
  })
}
