/** A FileStore on a storage that the test holds, and what others hear of it. */
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import type { FileHead, WriteBase, WriteCommand, WriteOutcome, WriteResult } from '../../../protocol/files.js'
import { author as authorSchema, writeId, type Author } from '../../../protocol/ids.js'
import { workspacePath, type WorkspacePath } from '../../../protocol/paths.js'
import { hashOf } from '../../../server/documents/content.js'
import { IdRanges } from '../../../server/documents/id-ranges.js'
import type { Divergence } from '../../../server/documents/divergence.js'
import type { Fence } from '../../../server/documents/fence.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import type { FileStoreOptions } from '../../../server/documents/file-store-options.js'
import { FileStore } from '../../../server/documents/file-store.js'
import type { FileCommit } from '../../../server/documents/ledger.js'
import type { Sender } from '../../../server/documents/sight.js'
import { EventBus } from '../../../server/events/event-bus.js'
import { EventLog } from '../../../server/events/event-log.js'
import { CommitQueue } from '../../../server/storage/commit-queue.js'
import type { Storage } from '../../../server/storage/storage.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock } from '../../support/manual-clock.js'

let ids = 0
/** Client ids are of one document and never used again: counted, so that tests are the same each time. */
let clients = 1_000_000

/** From here on ids are counted from the start again: a random run is the same for the same seed. */
export function resetIds(): void {
  ids = 0
  clients = 1_000_000
}

export const newWriteId = () => writeId.parse(`w${++ids}`)
export const at = (path: string): WorkspacePath => workspacePath.parse(path)
export const by = (author: string): Author => authorSchema.parse(author)
export const CLAUDE = by('CLAUDE-a')
export const CODEX = by('CODEX-b')

export interface Opened {
  readonly files: FileStore
  readonly queue: CommitQueue
  readonly events: EventLog
  readonly clock: ManualClock
  /** Every commit that others heard of, in order. */
  readonly commits: FileCommit[]
  readonly bus: EventBus<FileCommit>
}

export interface OpenOptions {
  readonly clock?: ManualClock
  /** Of the queue; default: the clock’s. */
  readonly elapsed?: () => number
  readonly maxPendingBytes?: number
  readonly maxPendingRows?: number
  readonly isTold?: FileStoreOptions['isTold']
  readonly decideAside?: FileStoreOptions['decideAside']
  readonly mergeRules?: FileStoreOptions['mergeRules']
  readonly fence?: Fence
  /** Default: it fails. */
  readonly onDivergence?: FileStoreOptions['onDivergence']
}

function neverDiverges({ path, rev }: Divergence): never {
  throw new Error(`the document of ${path} differs from its head ${rev}`)
}

export function openStore(storage: Storage = new FailingStorage(), options: OpenOptions = {}): Opened {
  const {
    clock = new ManualClock(),
    elapsed = clock.now,
    isTold = () => false,
    decideAside,
    mergeRules,
    fence,
    ...rest
  } = options
  const { onDivergence = neverDiverges, ...bounds } = rest
  const { now, timers } = clock
  const queue = new CommitQueue({ storage, elapsed, timers, random: () => 0.5, ...bounds })
  const events = new EventLog(storage, now)
  const bus = new EventBus<FileCommit>((error) => {
    throw error
  })
  const commits: FileCommit[] = []
  bus.subscribe((commit) => commits.push(commit))
  const files = new FileStore({
    ...{ storage, queue, events, bus, now },
    newId: () => `f${++ids}`,
    newConflictId: () => `c${++ids}`,
    isTold,
    decideAside,
    ...(mergeRules === undefined ? {} : { mergeRules }),
    ...(fence === undefined ? {} : { fence }),
    newClient: () => ++clients,
    defer: (run) => void setImmediate(run),
    onDivergence,
  })
  return { files, queue, events, clock, commits, bus }
}

export const asText = (text: string, format: { bom?: boolean; eol?: 'lf' | 'crlf' } = {}) =>
  ({ kind: 'text', text, bom: format.bom ?? false, eol: format.eol ?? 'lf' }) as const
export const asBytes = (...bytes: number[]) =>
  ({ kind: 'binary', base64: Buffer.from(bytes).toString('base64') }) as const

/** As a record names bytes. */
export const blobOf = (...bytes: number[]) =>
  ({ kind: 'blob', hash: hashOf(new Uint8Array(bytes)), size: bytes.length }) as const

/** A write of `text`; `base`: a head, `null`, or what the wire says. */
export function writing(
  path: string,
  text: string | WriteCommand['content'],
  base: FileHead | WriteBase | null = null,
  more: Partial<WriteCommand> = {},
): WriteCommand {
  const known =
    base === null ? null : { rev: base.rev, hash: base.hash, ...('text' in base ? { text: base.text } : {}) }
  return {
    writeId: newWriteId(),
    path: at(path),
    base: known,
    content: typeof text === 'string' ? asText(text) : text,
    executable: false,
    ...more,
  }
}

export async function write(
  files: FileStore,
  path: string,
  text: string | WriteCommand['content'],
  base: FileHead | WriteBase | null = null,
  author: Author = CLAUDE,
  more: Partial<WriteCommand> = {},
): Promise<WriteOutcome> {
  return outcomeOf(await files.write(writing(path, text, base, more), author))
}

export async function remove(files: FileStore, path: string, base: FileHead, author = CLAUDE): Promise<WriteOutcome> {
  const { rev, hash } = base
  return outcomeOf(await files.delete({ writeId: newWriteId(), path: at(path), base: { rev, hash } }, author))
}

export function outcomeOf(result: WriteResult): WriteOutcome {
  if (result.outcome === 'need-base') throw new Error('the store asks for the base')
  return result
}

/** The head's text, as a reader gets it. */
export async function textOf(files: FileStore, path: string): Promise<string | undefined> {
  const head = files.head(at(path))
  const read = head === undefined ? undefined : await files.read(head.id)
  return read?.content.kind === 'text' ? read.content.text : undefined
}

/** A replica of a document with a peer's own client id: `edit` gives the update that a peer would send. */
export class Replica {
  readonly doc = new Y.Doc()
  readonly text = this.doc.getText(CONTENT_ROOT)

  constructor(from?: FileDocument) {
    this.doc.clientID = ++clients
    if (from !== undefined) Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(from.live.doc))
  }

  edit(change: (text: Y.Text, doc: Y.Doc) => void): Uint8Array {
    const updates: Uint8Array[] = []
    const keep = (update: Uint8Array): void => void updates.push(update)
    this.doc.on('update', keep)
    this.doc.transact(() => {
      change(this.text, this.doc)
    })
    this.doc.off('update', keep)
    return Y.mergeUpdates(updates)
  }

  /** As the sender of an update that it made when `seen` was the document's newest step. */
  seeing(seen: number): Sender {
    return { source: this, client: this.doc.clientID, sight: { kind: 'live', seen }, isAnswer: false }
  }

  /** As a peer that was away, and comes back with what it has: answers, and goes on when it was answered up to `since`. */
  returning(told: number | null = null, since?: number): Sender {
    const stateVector = Y.decodeStateVector(Y.encodeStateVector(this.doc))
    const sight = { kind: 'joining', stateVector, told, since: since ?? 0, named: new IdRanges() } as const
    return { source: this, client: this.doc.clientID, sight, isAnswer: since === undefined }
  }

  insert(index: number, text: string): Uint8Array {
    return this.edit((own) => {
      own.insert(index, text)
    })
  }
}
