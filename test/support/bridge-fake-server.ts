/**
 * A server in memory, as far as bridges see one: heads, revisions, merges of texts, write ids, a feed. It keeps every text
 * that anyone ever gave it, so that a test can ask whether one was lost.
 */
import { createHash } from 'node:crypto'
import type { BridgeConnection, LinkState } from '../../client/bridge/ports.js'
import { EnsembleError } from '../../protocol/errors.js'
import type {
  DeleteCommand,
  FileContent,
  FileHead,
  RenameCommand,
  WriteBase,
  WriteCommand,
  WriteResult,
} from '../../protocol/files.js'
import { author, conflictId, contentHash, fileId, workspaceId, type ContentHash } from '../../protocol/ids.js'
import type { Method, Params, Result, ServerMessage } from '../../protocol/messages.js'
import { workspacePath } from '../../protocol/paths.js'
import { diff } from '../../protocol/text/diff.js'
import type { Edits } from '../../protocol/text/edits.js'
import { decodeText, encodeText } from '../../protocol/text/encoding.js'
import { merge3 } from '../../protocol/text/merge3.js'

interface FakeFile {
  head: FileHead
  bytes: Uint8Array
  /** Every content it ever had, by hash. */
  readonly versions: Map<string, Uint8Array>
}

export interface FakeConflict {
  readonly path: string
  readonly theirs: string | null
  readonly writeId: string
}

export class FakeServer {
  readonly files = new Map<string, FakeFile>()
  readonly conflicts: FakeConflict[] = []
  /** Every head that was ever committed. */
  readonly history: FileHead[] = []
  readonly requests: { readonly method: Method; readonly params: unknown }[] = []
  readonly connections = new Set<FakeConnection>()
  /** Called before a request is served: may refuse it by throwing, or hold it up. */
  before: (method: Method, params: unknown) => Promise<void> | undefined = () => undefined
  /** Whether heads carry edits. */
  sendsEdits = true
  workspaceId = workspaceId.parse('store-1')
  #seq = 0
  #ids = 0
  readonly #paths = new Map<string, string>()
  #replies = new Map<string, WriteResult>()

  connect(isLive = true): FakeConnection {
    const connection = new FakeConnection(this)
    this.connections.add(connection)
    if (isLive) connection.goLive()
    return connection
  }

  get seq(): number {
    return this.#seq
  }

  /** As if the data folder had been deleted. */
  wipe(name = 'store-2'): void {
    this.files.clear()
    this.#replies.clear()
    this.#seq = 0
    this.workspaceId = workspaceId.parse(name)
  }

  text(path: string): string | undefined {
    const file = this.files.get(path)
    return file === undefined || file.head.deleted ? undefined : Buffer.from(file.bytes).toString('utf8')
  }

  /** Live paths with their texts. */
  texts(): Record<string, string> {
    const live = [...this.files.values()].filter(({ head }) => !head.deleted)
    const texts = live.map(({ head }): [string, string] => [head.path, this.text(head.path) ?? ''])
    return Object.fromEntries(texts.sort())
  }

  /** As somebody else's edit: of the newest version. */
  edit(path: string, text: string | Uint8Array, executable?: boolean): FileHead {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    const known = this.files.get(path)
    return this.#commit(path, bytes, executable ?? known?.head.executable ?? false, known, 'CLAUDE-other').head
  }

  remove(path: string): FileHead {
    const known = this.files.get(path)
    if (known === undefined) throw new Error(`no ${path}`)
    return this.#commitDeletion(known, 'CLAUDE-other')
  }

  async serve<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    this.requests.push({ method, params })
    await this.before(method, params)
    return this.#answer(method, params) as Result<M>
  }

  #answer(method: Method, params: unknown): unknown {
    switch (method) {
      case 'tree': {
        const { since = 0 } = params as Params<'tree'>
        const files = [...this.files.values()].map(({ head }) => head).filter(({ seq }) => seq > since)
        return { seq: this.#seq, files }
      }
      case 'read': {
        const { ids } = params as Params<'read'>
        const wanted = new Set(ids.map((id) => this.#paths.get(id)))
        const files = [...wanted].map((path) => (path === undefined ? undefined : this.files.get(path)))
        const live = files.flatMap((file) => (file === undefined || file.head.deleted ? [] : [file]))
        return { files: live.map(({ head, bytes }) => ({ head, content: contentOf(bytes) })), rest: [] }
      }
      case 'write':
        return this.#once((params as WriteCommand).writeId, () => this.#write(params as WriteCommand))
      case 'delete':
        return this.#once((params as DeleteCommand).writeId, () => this.#delete(params as DeleteCommand))
      case 'rename':
        return this.#once((params as RenameCommand).writeId, () => this.#rename(params as RenameCommand))
      default:
        throw new EnsembleError('E_BAD_REQUEST', `the fake server does not know ${method}`)
    }
  }

  #once(writeId: string, run: () => WriteResult): WriteResult {
    const known = this.#replies.get(writeId)
    if (known !== undefined) return known
    const result = run()
    if (result.outcome !== 'need-base') this.#replies.set(writeId, result)
    return result
  }

  #write({ path: asked, base, content, executable, writeId }: WriteCommand): WriteResult {
    const theirs = bytesOf(content)
    const path = this.#pathOf(asked, base)
    const file = this.files.get(path)
    if (file === undefined || file.head.deleted) {
      const done = this.#commit(path, theirs, executable, file, 'DISK')
      if (base !== null && file !== undefined) this.conflicts.push({ path, theirs: null, writeId })
      return reply('accepted', done.head, [], null)
    }
    if (sha(theirs) === file.head.hash && executable === file.head.executable) {
      return reply('unchanged', file.head, [], null)
    }
    let baseBytes: Uint8Array | undefined
    if (base !== null) {
      baseBytes = file.versions.get(base.hash)
      if (baseBytes === undefined && base.text === undefined) return { outcome: 'need-base' }
      baseBytes ??= Buffer.from(base.text ?? '')
    }
    const ours = decodeText(file.bytes)
    const incoming = decodeText(theirs)
    const start = baseBytes === undefined ? undefined : decodeText(baseBytes)
    if (baseBytes !== undefined && sha(baseBytes) === file.head.hash) {
      return reply('accepted', this.#commit(path, theirs, executable, file, 'DISK').head, [], null)
    }
    if (ours === undefined || incoming === undefined || start === undefined) {
      const held = conflictId.parse(`c${this.conflicts.length}`)
      this.conflicts.push({ path, theirs: Buffer.from(theirs).toString('utf8'), writeId })
      return reply('conflict', file.head, [held], editsBetween(theirs, file.bytes))
    }
    const merged = merge3(start.text, ours.text, incoming.text)
    const bytes = encodeText(merged.text, ours)
    const head = sha(bytes) === file.head.hash ? file.head : this.#commit(path, bytes, executable, file, 'DISK').head
    const ids = merged.hunks
      .filter((hunk) => hunk.kind === 'hard')
      .map((hunk) => {
        this.conflicts.push({ path, theirs: hunk.theirsText, writeId })
        return conflictId.parse(`c${this.conflicts.length}`)
      })
    return reply(ids.length > 0 ? 'conflict' : 'merged', head, ids, editsBetween(theirs, bytes))
  }

  #delete({ path: asked, base, writeId }: DeleteCommand): WriteResult {
    const path = this.#pathOf(asked, base)
    const file = this.files.get(path)
    if (file === undefined) throw new EnsembleError('E_NOT_FOUND', `no ${path}`)
    if (file.head.deleted) return reply('unchanged', file.head, [], null)
    if (file.head.hash === base.hash && path === asked)
      return reply('accepted', this.#commitDeletion(file, 'DISK'), [], null)
    this.conflicts.push({ path, theirs: null, writeId })
    return reply('conflict', file.head, [conflictId.parse(`c${this.conflicts.length}`)], null)
  }

  /** Where the file is by now that a writer means. */
  #pathOf(path: string, base: WriteBase | null): string {
    return (base?.id === undefined ? undefined : this.#paths.get(base.id)) ?? path
  }

  #rename({ id, path, to, writeId }: RenameCommand): WriteResult {
    const at = this.#paths.get(id)
    const file = at === undefined ? undefined : this.files.get(at)
    if (at === undefined || file === undefined) throw new EnsembleError('E_NOT_FOUND', `no ${id}`)
    const there = this.files.get(to)
    if (at !== path || (there !== undefined && !there.head.deleted)) return reply('unchanged', file.head, [], [])
    const { deleted } = file.head
    if (deleted) this.conflicts.push({ path: to, theirs: null, writeId })
    return reply(deleted ? 'conflict' : 'accepted', this.#move(file, to), [], [])
  }

  /** As somebody else's rename. */
  rename(path: string, to: string): FileHead {
    const file = this.files.get(path)
    if (file === undefined) throw new Error(`no ${path}`)
    return this.#move(file, to)
  }

  #move(file: FakeFile, to: string): FileHead {
    const { path, id, rev } = file.head
    this.files.delete(path)
    file.head = { ...file.head, path: workspacePath.parse(to), deleted: false, rev: rev + 1, seq: ++this.#seq }
    this.files.set(to, file)
    this.#paths.set(id, to)
    this.#announce(file.head, [])
    return file.head
  }

  #commit(path: string, bytes: Uint8Array, executable: boolean, known: FakeFile | undefined, by: string): FakeFile {
    const decoded = decodeText(bytes)
    const before = known?.bytes
    const head: FileHead = {
      id: known?.head.id ?? fileId.parse(`f${++this.#ids}`),
      path: workspacePath.parse(path),
      kind: decoded === undefined ? 'binary' : 'text',
      deleted: false,
      executable,
      bom: decoded?.bom ?? false,
      eol: decoded?.eol ?? 'lf',
      rev: (known?.head.rev ?? 0) + 1,
      hash: sha(bytes),
      size: bytes.length,
      seq: ++this.#seq,
      author: author.parse(by),
      time: this.#seq,
    }
    const file: FakeFile = known ?? { head, bytes, versions: new Map() }
    file.head = head
    file.bytes = Uint8Array.from(bytes)
    file.versions.set(head.hash, file.bytes)
    this.files.set(path, file)
    this.#paths.set(head.id, path)
    this.#announce(head, before === undefined || !this.sendsEdits ? null : editsBetween(before, bytes))
    return file
  }

  #commitDeletion(file: FakeFile, by: string): FileHead {
    file.head = { ...file.head, deleted: true, rev: file.head.rev + 1, seq: ++this.#seq, author: author.parse(by) }
    this.#announce(file.head, null)
    return file.head
  }

  #announce(head: FileHead, edits: Edits | null): void {
    this.history.push(head)
    const message: ServerMessage = { type: 'head', head, edits: edits === null ? null : [...edits] }
    for (const connection of this.connections) connection.deliver(message)
  }
}

/** Messages and replies take a turn of the event loop, in the order in which they were sent. */
export class FakeConnection implements BridgeConnection {
  readonly #server: FakeServer
  readonly #states = new Set<(state: LinkState) => void>()
  readonly #messages = new Set<(message: ServerMessage) => void>()
  #state: LinkState = { kind: 'idle' }
  #epoch = 0

  constructor(server: FakeServer) {
    this.#server = server
  }

  get state(): LinkState {
    return this.#state
  }

  goLive(): void {
    this.#epoch++
    this.#set({ kind: 'live', welcome: { workspaceId: this.#server.workspaceId, seq: this.#server.seq } })
  }

  /** The line breaks: what is under way has no outcome. */
  break(): void {
    this.#epoch++
    this.#set({ kind: 'waiting' })
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  onMessage(listener: (message: ServerMessage) => void): () => void {
    this.#messages.add(listener)
    return () => this.#messages.delete(listener)
  }

  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const epoch = this.#epoch
    const lost = (): EnsembleError => new EnsembleError('E_UNREACHABLE', 'The connection broke.')
    if (this.#state.kind !== 'live') throw lost()
    const sent: unknown = structuredClone(params)
    await nextTurn()
    if (epoch !== this.#epoch) throw lost()
    const result = await this.#server.serve(method, sent as Params<M>)
    await nextTurn()
    if (epoch !== this.#epoch) throw lost()
    return structuredClone(result)
  }

  deliver(message: ServerMessage): void {
    const epoch = this.#epoch
    if (this.#state.kind !== 'live') return
    void nextTurn().then(() => {
      if (epoch === this.#epoch) for (const listener of this.#messages) listener(message)
    })
  }

  #set(state: LinkState): void {
    this.#state = state
    for (const listener of [...this.#states]) listener(state)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function sha(bytes: Uint8Array): ContentHash {
  return contentHash.parse(createHash('sha256').update(bytes).digest('hex'))
}

function reply(
  outcome: 'accepted' | 'merged' | 'conflict' | 'unchanged',
  head: FileHead,
  conflicts: ReturnType<typeof conflictId.parse>[],
  edits: Edits | null,
): WriteResult {
  return { outcome, head, applied: 1, held: conflicts.length, conflicts, edits: edits === null ? null : [...edits] }
}

function editsBetween(from: Uint8Array, to: Uint8Array): Edits | null {
  const a = decodeText(from)
  const b = decodeText(to)
  return a === undefined || b === undefined ? null : diff(a.text, b.text)
}

function contentOf(bytes: Uint8Array): FileContent {
  const decoded = decodeText(bytes)
  if (decoded !== undefined) return { kind: 'text', ...decoded }
  return { kind: 'binary', base64: Buffer.from(bytes).toString('base64') }
}

function bytesOf(content: FileContent): Uint8Array {
  return content.kind === 'text' ? encodeText(content.text, content) : Buffer.from(content.base64, 'base64')
}
