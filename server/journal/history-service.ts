/** Answers what a file's journal tells: its revisions, its versions, and who wrote which line. */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type {
  Blame,
  BlameQuery,
  FileVersion,
  HistoryEntry,
  HistoryPage,
  HistoryQuery,
  VersionQuery,
} from '../../protocol/history.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { toWire } from '../documents/content.js'
import { FileJournal } from '../documents/file-journal.js'
import type { FileStore } from '../documents/file-store.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import { BlameWalk } from './blame.js'
import { FileHistory } from './file-history.js'
import { Slices, type SlicesOptions } from './slices.js'

export interface HistoryServiceOptions extends SlicesOptions {
  readonly files: Pick<FileStore, 'headMeantBy'>
  readonly storage: Storage
  readonly queue: Pick<CommitQueue, 'durable'>
}

const PAGE = 50
/** Lines of one answer to `blame`. */
const BLAMED_LINES = 5_000

export class HistoryService {
  readonly #options: HistoryServiceOptions
  readonly #journal: FileJournal

  constructor(options: HistoryServiceOptions) {
    this.#options = options
    this.#journal = new FileJournal(options.storage)
  }

  /** @throws EnsembleError E_NOT_FOUND */
  async history({ path, before, limit = PAGE, author }: HistoryQuery): Promise<HistoryPage> {
    const file = await this.open(path)
    const entries: HistoryEntry[] = []
    const from = Math.min((before ?? Infinity) - 1, file.head.rev)
    for await (const entry of file.down(from)) {
      if (author !== undefined && entry.author !== author) continue
      if (entries.length === limit) return { head: file.head, entries, next: entry.rev + 1 }
      entries.push(withoutTexts(entry))
    }
    return { head: file.head, entries, next: null }
  }

  /** @throws EnsembleError E_NOT_FOUND */
  async version({ path, rev }: VersionQuery): Promise<FileVersion> {
    const file = await this.open(path)
    const entry = file.entry(rev)
    return { entry, content: entry.change === 'deleted' ? null : toWire(await file.contentAt(rev)) }
  }

  /** @throws EnsembleError E_NOT_FOUND, E_NOT_TEXT, E_BAD_REQUEST */
  async blame({ path, rev, from = 1, to = Infinity }: BlameQuery): Promise<Blame> {
    const file = await this.open(path)
    const asked = rev ?? file.head.rev
    const entry = file.entry(asked)
    if (entry.change === 'deleted') throw deletedBy(path, asked)
    if (entry.kind === 'binary') {
      throw new EnsembleError('E_NOT_TEXT', `${path} is not text, so its lines are nobody's.`, {
        hint: `"ensemble log ${path}" shows who wrote its versions.`,
      })
    }
    if (to < from) throw new EnsembleError('E_BAD_REQUEST', `Lines ${from} to ${to} are none.`)
    const last = Math.min(to, from + BLAMED_LINES - 1)
    const walk = new BlameWalk(await file.textAt(asked), from, last)
    if (from > Math.max(1, walk.count)) {
      throw new EnsembleError('E_NOT_FOUND', `${path} has ${walk.count} lines; there is no line ${from}.`)
    }
    for await (const older of file.down(asked)) {
      if (walk.done) break
      walk.step(older)
    }
    const lines = walk.lines.map(({ line, text, entry: { rev, author, time }, authors }) => {
      return { line, text, rev, author, time, authors: [...authors] }
    })
    return { path, rev: asked, count: walk.count, lines, next: last < Math.min(to, walk.count) ? last + 1 : null }
  }

  /** Resolves when all heads that there are now are durable. */
  async durable(): Promise<void> {
    await this.#options.queue.durable()
  }

  /**
   * The durable history of a path.
   * @throws EnsembleError E_NOT_FOUND
   */
  async open(path: WorkspacePath): Promise<FileHistory> {
    const { files, queue } = this.#options
    const head = files.headMeantBy(path)
    if (head === undefined) throw notFound(path)
    await queue.durable() // a head is shown only when it is durable
    return this.of(head)
  }

  /** @param head durable */
  of(head: FileHead): FileHistory {
    return new FileHistory(head, this.#journal, new Slices(this.#options))
  }
}

function withoutTexts({ fileId: _, edits: __, ...entry }: RevisionEntry): HistoryEntry {
  return entry
}

function notFound(path: WorkspacePath): EnsembleError {
  return new EnsembleError('E_NOT_FOUND', `There is no file ${path}, and there never was one.`, {
    hint: 'Name it relative to the workspace, as src/app.ts.',
    data: { path },
  })
}

export function deletedBy(path: WorkspacePath, rev: number): EnsembleError {
  return new EnsembleError('E_NOT_FOUND', `${path} was deleted by revision ${rev}.`, {
    hint: rev > 1 ? `What it held is "ensemble show ${path}@${rev - 1}".` : 'It never held anything.',
    data: { path, rev },
  })
}
