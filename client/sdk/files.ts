/**
 * Files as a client sees them: what the server has, and over it what the client wrote and the server has not answered yet.
 * Nothing is rolled back by hand: a refused write is no longer waiting, so it is no longer seen.
 */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { FileContent, FileHead, WriteBase, WriteOutcome } from '../../protocol/files.js'
import type { WorkspaceId, WriteId } from '../../protocol/ids.js'
import type { ServerMessage } from '../../protocol/messages.js'
import { workspacePath, type WorkspacePath } from '../../protocol/paths.js'
import { applyEdits } from '../../protocol/text/edits.js'
import { decodeText, joinFormat, splitFormat } from '../../protocol/text/encoding.js'
import type { Connection } from './connection.js'
import { fromBase64, hashOf, toBase64 } from './content-hash.js'
import type { FileCache } from './file-cache.js'
import { baseAfter, baseOn, type Base } from './pending-files.js'
import { fileOf, type Entry, type Outcome } from './queued-request.js'
import type { RequestSender } from './request-sender.js'
import type { ClientStore } from './store.js'

/** A file as a client sees it. */
export interface FileView {
  readonly path: string
  /** As on the disk, with its line ends; null: it is no text. */
  readonly text: string | null
  readonly bytes: Uint8Array | null
  /** The revision that it holds, or, with `isPending`, that was written upon. */
  readonly rev: number
  /** It is what this client wrote, and the server has not answered yet. */
  readonly isPending: boolean
  /** Null: it is so now. Without a connection: when the server last said so, in milliseconds since 1970. */
  readonly asOf: number | null
}

export interface WriteOptions {
  /** Default: as it is; of a new file false. */
  readonly executable?: boolean
  /** All or nothing: where any of it would be held in a conflict, nothing is written, and `done` rejects with E_CONFLICT. */
  readonly atomic?: boolean
}

/** A write that is accepted: it is in the queue, and outlives the process where the store does. */
export interface AcceptedWrite {
  readonly writeId: string
  /** What became of it on the server. Rejects with the reason if it was refused; then the file is again what it was. */
  readonly done: Promise<WriteOutcome>
}

export interface FilesOptions {
  readonly connection: Connection
  readonly sender: RequestSender
  readonly store: ClientStore
  readonly cache: FileCache
  readonly newWriteId: () => WriteId
  readonly now: () => number
  readonly onError: (error: EnsembleError) => void
}

export class Files {
  readonly #options: FilesOptions
  /** The version of each file that was read or written last: what the next write is based on. */
  readonly #seen = new Map<WorkspacePath, Base>()
  /** Resolves when the heads are those of the server; undefined: there is no connection. */
  #current: Promise<void> | undefined

  constructor(options: FilesOptions) {
    this.#options = options
  }

  /** @throws EnsembleError E_UNREACHABLE: there is no connection, and its content is not here */
  async read(name: string): Promise<FileView | null> {
    const path = parsePath(name)
    const { cache } = this.#options
    await this.#settledTree()
    const pending = this.#pending(path)
    if (pending !== undefined) return pending === 'deleted' ? null : this.#view(path, pending, true)
    const head = cache.head(path)
    if (head === undefined || head.deleted) {
      if (this.#current === undefined && head === undefined) throw notHere(path)
      return null
    }
    const content = cache.content(path)?.rev === head.rev ? cache.content(path)?.content : await this.#fetch(head)
    if (content === undefined) return this.#offline(path)
    this.#seen.set(path, { base: { rev: head.rev, hash: head.hash }, text: textOf(content) })
    return this.#view(path, content, false)
  }

  /** @throws EnsembleError E_UNREACHABLE where nothing was ever known */
  async list(): Promise<readonly FileHead[]> {
    await this.#settledTree()
    if (this.#current === undefined && this.#options.cache.asOf === null) throw notHere('the workspace')
    return this.#options.cache.heads()
  }

  /** @throws EnsembleError E_PATH, E_LIMIT, E_STORAGE_FULL */
  async write(name: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<AcceptedWrite> {
    const path = parsePath(name)
    const { sender, newWriteId, cache } = this.#options
    const content = contentOf(data)
    const { base, text } = this.#base(path)
    const id = newWriteId()
    const executable = options.executable ?? cache.head(path)?.executable ?? false
    const atomic = options.atomic === true ? { atomic: true } : {}
    const queued = sender.add(
      { method: 'write', params: { writeId: id, path, base, content, executable, ...atomic } },
      text,
    )
    await queued.stored
    return { writeId: id, done: outcome(queued.done) }
  }

  /** @throws EnsembleError E_NOT_FOUND: it was not read, and is not known */
  async delete(name: string): Promise<AcceptedWrite> {
    const path = parsePath(name)
    const { sender, newWriteId, cache } = this.#options
    const pending = this.#pending(path)
    const head = cache.head(path)
    const isThere = pending === undefined ? head !== undefined && !head.deleted : pending !== 'deleted'
    if (!isThere) throw new EnsembleError('E_NOT_FOUND', `There is no file ${path}.`)
    const { base, text } = this.#base(path)
    const id = newWriteId()
    const known = base ?? (head === undefined ? null : { rev: head.rev, hash: head.hash })
    // What waits before it decides the base (pending-files.ts); until then it is the text that waits.
    const upon = known ?? placeholder(pending)
    const queued = sender.add({ method: 'delete', params: { writeId: id, path, base: upon } }, text)
    await queued.stored
    return { writeId: id, done: outcome(queued.done) }
  }

  /** @throws EnsembleError E_NOT_FOUND, E_PATH, E_CONFLICT, E_LOCK_HELD, E_UNREACHABLE */
  async rename(name: string, newName: string): Promise<FileHead> {
    const [path, to] = [parsePath(name), parsePath(newName)]
    const { cache, connection, newWriteId } = this.#options
    await this.#settledTree()
    const head = cache.head(path)
    if (head === undefined || head.deleted) throw new EnsembleError('E_NOT_FOUND', `There is no file ${path}.`)
    const result = await connection.request('rename', { writeId: newWriteId(), id: head.id, path, to })
    if (result.outcome === 'need-base') throw new EnsembleError('E_INTERNAL', 'A rename has no base.')
    cache.changed(result.head, null)
    this.#keep()
    if (result.head.path === to) return result.head
    throw new EnsembleError(
      'E_CONFLICT',
      `${path} was not renamed: ${to} is not free, or it is called otherwise by now.`,
      {
        hint: 'Choose a path at which, above which and below which there is no file.',
        data: { path: result.head.path, to },
      },
    )
  }

  /** Whether what is known is of this workspace, or of none. */
  isOf(workspace: WorkspaceId): boolean {
    const { workspaceId } = this.#options.cache
    return workspaceId === undefined || workspaceId === workspace
  }

  /** The heads are read anew, from where they were left. */
  connected(workspace: Extract<ServerMessage, { type: 'welcome' }>): void {
    const { cache, connection, now } = this.#options
    if (cache.workspaceId !== workspace.workspaceId) {
      cache.clear()
      this.#seen.clear()
    }
    const reading = connection.request('tree', { since: cache.seq }).then(({ seq, files }) => {
      for (const head of files) cache.changed(head, null)
      cache.confirm(workspace.workspaceId, seq, now())
      this.#keep()
    })
    reading.catch(() => undefined) // the connection broke; it is read again with the next one
    this.#current = reading
  }

  disconnected(): void {
    const { cache, now } = this.#options
    if (this.#current !== undefined && cache.workspaceId !== undefined) {
      cache.confirm(cache.workspaceId, cache.seq, now())
      this.#keep()
    }
    this.#current = undefined
  }

  /** `seq` is left as it is: until `tree` is read, what comes in between may be missing. */
  told({ head, edits }: Extract<ServerMessage, { type: 'head' }>): void {
    this.#options.cache.changed(head, edits)
    this.#keep()
  }

  settled(entry: Entry, result: Outcome): void {
    const path = fileOf(entry.ask)
    if (path === undefined) return
    this.#seen.set(path, baseAfter(entry, result))
    if (result.kind === 'refused' || !('outcome' in result.result) || result.result.outcome === 'need-base') return
    const { head, edits } = result.result
    const { cache } = this.#options
    cache.changed(head, null)
    const { ask } = entry
    if (ask.method !== 'write' || cache.head(path)?.rev !== head.rev) return
    const { content } = ask.params
    if (head.hash === hashOf(content)) cache.read(head, content)
    else if (content.kind === 'text' && edits !== null && head.kind === 'text') {
      cache.read(head, { kind: 'text', text: applyEdits(content.text, edits), bom: head.bom, eol: head.eol })
    }
    this.#keep()
  }

  /** The heads are those of the server, or the connection is gone again. */
  async #settledTree(): Promise<void> {
    await this.#current?.catch(() => undefined)
  }

  #keep(): void {
    const { cache, store, onError } = this.#options
    const changes = cache.takeChanges()
    if (changes.length === 0) return
    store.write(changes).catch((thrown: unknown) => {
      onError(toEnsembleError(thrown))
    })
  }

  /** What the newest write that waits makes of it. */
  #pending(path: WorkspacePath): FileContent | 'deleted' | undefined {
    const last = this.#options.sender.entries.findLast(({ ask }) => fileOf(ask) === path)
    if (last === undefined) return undefined
    return last.ask.method === 'write' ? last.ask.params.content : 'deleted'
  }

  #base(path: WorkspacePath): Base {
    return this.#seen.get(path) ?? { base: null, text: null }
  }

  async #fetch(head: FileHead): Promise<FileContent | undefined> {
    const { connection, cache } = this.#options
    if (this.#current === undefined) return undefined
    const [file] = await connection.request('read', { ids: [head.id] }).then(({ files }) => files, unlessBroken)
    if (file === undefined) return undefined
    cache.changed(file.head, null)
    cache.read(file.head, file.content)
    this.#keep()
    return file.content
  }

  #offline(path: WorkspacePath): FileView {
    const held = this.#options.cache.content(path)
    if (held === undefined) throw notHere(path)
    this.#seen.set(path, baseOn(held.content, { rev: held.rev, hash: hashOf(held.content) }))
    return this.#view(path, held.content, false, held.rev)
  }

  #view(
    path: WorkspacePath,
    content: FileContent,
    isPending: boolean,
    rev = this.#options.cache.head(path)?.rev ?? 0,
  ): FileView {
    const text = content.kind === 'text' ? joinFormat(content.text, content) : null
    const bytes = content.kind === 'binary' ? fromBase64(content.base64) : null
    return { path, text, bytes, rev, isPending, asOf: this.#current === undefined ? this.#options.cache.asOf : null }
  }
}

async function outcome(done: Promise<WriteOutcome | { outcome: 'need-base' }>): Promise<WriteOutcome> {
  const result = await done
  if (result.outcome !== 'need-base') return result
  throw new EnsembleError('E_UNKNOWN_BASE', 'The server does not know the version that was written upon.')
}

function contentOf(data: string | Uint8Array): FileContent {
  if (typeof data === 'string') return { kind: 'text', ...splitFormat(data) }
  const text = decodeText(data)
  if (text !== undefined) return { kind: 'text', ...text }
  return { kind: 'binary', base64: toBase64(data) }
}

const textOf = (content: FileContent): string | null => (content.kind === 'text' ? content.text : null)

function placeholder(pending: FileContent | 'deleted' | undefined): WriteBase {
  if (pending === undefined || pending === 'deleted') throw new EnsembleError('E_INTERNAL', 'A deletion of nothing.')
  return { rev: 0, hash: hashOf(pending) }
}

/** @throws EnsembleError E_PATH */
export function parsePath(name: string): WorkspacePath {
  const path = workspacePath.safeParse(name)
  if (path.success) return path.data
  throw new EnsembleError('E_PATH', path.error.issues[0]?.message ?? `${name} is not a path in the workspace`, {
    hint: 'Name a file relative to the workspace, as src/app.ts.',
  })
}

/** The connection broke meanwhile: what was read before is what there is. */
function unlessBroken(thrown: unknown): [] {
  if (thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE') return []
  throw thrown
}

function notHere(what: string): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', `There is no connection to the server, and ${what} was not read before.`, {
    hint: 'It connects again by itself.',
  })
}
