/**
 * Takes revisions back: finds whose they are, plans each file, and writes it as one revision of whoever asked.
 *
 * 1. A plan is made of what is durable; what was written since is merged with it, as with any write.
 * 2. What is held of a plan is in conflict records of the same commit.
 * 3. A command is carried out once a file, however often it comes.
 */
import { createHash } from 'node:crypto'
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead, WriteOutcome, WriteResult } from '../../protocol/files.js'
import type { HistorySince, RevertCommand, RevertedFile, RevertResult, RevertTarget } from '../../protocol/history.js'
import { writeId, type Author, type FileId, type WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { diff } from '../../protocol/text/diff.js'
import { sameContent, toWire, type Content } from '../documents/content.js'
import type { FileStore } from '../documents/file-store.js'
import { linesOfChange } from '../documents/ledger.js'
import type { EventLog } from '../events/event-log.js'
import type { FileHistory } from './file-history.js'
import type { HistoryService } from './history-service.js'
import { planRevert, type RevertPlan } from './revert-plan.js'
import { Slices, type SlicesOptions } from './slices.js'

export interface RevertServiceOptions extends SlicesOptions {
  readonly files: FileStore
  readonly history: HistoryService
  readonly events: Pick<EventLog, 'newest'>
}

interface Task {
  readonly head: FileHead
  readonly writeId: WriteId
  readonly isTaken: (entry: RevisionEntry) => boolean
  readonly since: (entry: RevisionEntry) => boolean
  /** Where it is a single one. */
  readonly rev?: number
}

export class RevertService {
  readonly #options: RevertServiceOptions

  constructor(options: RevertServiceOptions) {
    this.#options = options
  }

  /** @throws EnsembleError E_NOT_FOUND: no such file or revision, or nothing of that author; E_BAD_REQUEST */
  async revert(command: RevertCommand, author: Author): Promise<RevertResult> {
    const { dryRun } = command
    const earlier =
      command.target.kind === 'last' ? this.#options.files.outcome(idOf(command.writeId, 'last')) : undefined
    if (earlier !== undefined) return { dryRun, files: [await this.#told(earlier, undefined)] }
    const files: RevertedFile[] = []
    let isFound = false
    for (const task of await this.#tasks(command)) {
      const done = dryRun ? undefined : this.#options.files.outcome(task.writeId)
      const file = done === undefined ? await this.#carryOut(task, dryRun, author) : await this.#told(done, undefined)
      isFound ||= file !== undefined
      if (file !== undefined && (file.outcome !== 'nothing' || pathOf(command.target) !== null)) files.push(file)
    }
    if (!isFound) throw nothingOf(command.target)
    return { dryRun, files }
  }

  async #carryOut({ head, ...task }: Task, dryRun: boolean, author: Author): Promise<RevertedFile | undefined> {
    const { history, files } = this.#options
    const file = history.of(head)
    const single = task.rev === undefined ? undefined : file.entry(task.rev)
    if (single?.change === 'renamed') return await this.#nameBack(file, single, task.writeId, dryRun, author)
    const plan = await planRevert(file, task.isTaken, task.since, new Slices(this.#options))
    if (plan === undefined) return undefined
    const now = await file.contentAt(head.rev)
    const isSame = sameContent(now, plan.content) && head.executable === plan.executable
    if (head.deleted === plan.deleted && (head.deleted || isSame) && plan.held.length === 0)
      return unchanged(head, plan)
    if (dryRun) return foreseen(head, now, plan)
    const { rev, hash, path } = head
    const base = { rev, hash }
    const held = plan.held.map((place) => ({ reason: 'overlap', ...place }) as const)
    const { content, executable } = plan
    const written = plan.deleted
      ? await files.delete({ writeId: task.writeId, path, base }, author)
      : await files.write(
          { writeId: task.writeId, path, base: head.deleted ? null : base, content: toWire(content), executable },
          author,
          held,
        )
    return await this.#told(outcomeOf(written, path), plan)
  }

  /** A rename: the file is called as before, if that name is free, and nobody has given it another one since. */
  async #nameBack(
    file: FileHistory,
    { rev, path }: RevisionEntry,
    id: WriteId,
    dryRun: boolean,
    author: Author,
  ): Promise<RevertedFile> {
    const plan = { revisions: 1, newest: rev }
    const { head } = file
    const stays = unchanged(head, plan)
    const to = file.entry(rev - 1).path
    const there = this.#options.files.head(to)
    const isTaken = there !== undefined && !there.deleted && there.id !== head.id
    if (head.deleted || head.path !== path || isTaken) return stays
    if (dryRun) return { ...stays, outcome: 'reverted' }
    const renamed = await this.#options.files.rename({ writeId: id, id: head.id, path, to }, author)
    return await this.#told(outcomeOf(renamed, path), plan)
  }

  async #told(
    outcome: WriteOutcome,
    plan: Pick<RevertPlan, 'revisions' | 'newest'> | undefined,
  ): Promise<RevertedFile> {
    const { head, held, conflicts } = outcome
    const { lines } = (await this.#options.history.version({ path: head.path, rev: head.rev })).entry
    return {
      path: head.path,
      outcome: held > 0 ? 'conflict' : outcome.outcome === 'unchanged' ? 'nothing' : 'reverted',
      ...{ revisions: plan?.revisions ?? 0, newest: plan?.newest ?? 0, rev: head.rev, deleted: head.deleted },
      lines: (outcome.outcome === 'unchanged' ? null : lines) ?? { added: 0, removed: 0 },
      ...{ held, conflicts },
    }
  }

  async #tasks({ writeId: id, target }: RevertCommand): Promise<Task[]> {
    const { history } = this.#options
    const whole = (): boolean => true
    if (target.kind === 'revision') {
      const { head, ...file } = await this.#open(target.path)
      file.entry(target.rev)
      return [task(head, idOf(id, head.id), target.rev)]
    }
    if (target.kind === 'last') {
      const { head, rev } = await this.#last(target)
      return [task(head, idOf(id, 'last'), rev)]
    }
    const { author, path, since } = target
    if (path === null && since !== null && 'rev' in since) {
      throw new EnsembleError(
        'E_BAD_REQUEST',
        'Revisions are counted for each file: since a revision goes with a path.',
      )
    }
    const heads = path === null ? await this.#touched(author, since) : [(await history.open(path)).head]
    return heads.map((head) => ({
      head,
      writeId: idOf(id, head.id),
      isTaken: (entry) => entry.author === author,
      since: since === null ? whole : isSince(since),
    }))
  }

  async #open(path: WorkspacePath): Promise<{ head: FileHead; entry: FileHistory['entry'] }> {
    const file = await this.#options.history.open(path)
    return { head: file.head, entry: (rev) => file.entry(rev) }
  }

  async #last(target: Extract<RevertTarget, { kind: 'last' }>): Promise<{ head: FileHead; rev: number }> {
    const { author, path } = target
    const { history, files, events } = this.#options
    if (path !== null) {
      const file = await history.open(path)
      for await (const entry of file.down()) {
        if (author === null || entry.author === author) return { head: file.head, rev: entry.rev }
      }
      throw nothingOf(target)
    }
    if (author === null) throw new EnsembleError('E_BAD_REQUEST', 'Name an author, a path, or both.')
    await history.durable()
    const slices = new Slices(this.#options)
    for (const event of events.newest()) {
      await slices.breathe()
      if (event.type !== 'file:changed' || event.data.author !== author) continue
      const head = files.headMeantBy(event.data.file)
      if (head?.id === event.data.file_id) return { head, rev: event.data.rev }
    }
    throw nothingOf(target)
  }

  /** Durable heads of the files that an author wrote to. */
  async #touched(author: Author, since: HistorySince | null): Promise<FileHead[]> {
    const { files, history, events } = this.#options
    await history.durable()
    const slices = new Slices(this.#options)
    const from = since !== null && 'time' in since ? since.time : 0
    const touched = new Set<FileId>()
    let oldest = Infinity
    for (const event of events.newest()) {
      await slices.breathe()
      if (Date.parse(event.timestamp) < from) break
      oldest = event.seq
      if (event.type === 'file:changed' && event.data.author === author) touched.add(event.data.file_id)
      if (event.seq === 1) break
    }
    // Where events are forgotten the files have to be asked, each for itself.
    const isComplete = oldest <= 1 || from > 0
    return [...files.heads()].filter(({ id }) => !isComplete || touched.has(id))
  }
}

function task(head: FileHead, id: WriteId, rev: number): Task {
  return {
    ...{ head, writeId: id },
    isTaken: (entry) => entry.rev === rev,
    since: (entry) => entry.rev >= rev,
    rev,
  }
}

function isSince(since: HistorySince): (entry: RevisionEntry) => boolean {
  return 'rev' in since ? ({ rev }) => rev >= since.rev : ({ time }) => time >= since.time
}

/** One command writes to many files, and each write has an id of its own. */
function idOf(command: WriteId, part: string): WriteId {
  return writeId.parse(createHash('sha256').update(`${command}\n${part}`).digest('hex'))
}

function pathOf(target: RevertTarget): WorkspacePath | null {
  return target.path
}

function unchanged(
  { path, rev, deleted }: FileHead,
  { revisions, newest }: Pick<RevertPlan, 'revisions' | 'newest'>,
): RevertedFile {
  const nothing = { added: 0, removed: 0 }
  return { path, outcome: 'nothing', revisions, newest, rev, deleted, lines: nothing, held: 0, conflicts: [] }
}

function foreseen(head: FileHead, now: Content, plan: RevertPlan): RevertedFile {
  const { path, rev } = head
  const { content, revisions, newest, deleted, held } = plan
  const isText = now.kind === 'text' && content.kind === 'text'
  const change = deleted ? 'deleted' : head.deleted ? 'created' : 'modified'
  const lines = isText ? linesOfChange(change, content.text, diff(now.text, content.text)) : { added: 0, removed: 0 }
  const outcome = held.length > 0 ? 'conflict' : 'reverted'
  return { path, outcome, revisions, newest, rev, deleted, lines, held: held.length, conflicts: [] }
}

function outcomeOf(result: WriteResult, path: WorkspacePath): WriteOutcome {
  if (result.outcome !== 'need-base') return result
  throw new EnsembleError('E_INTERNAL', `${path} changed while it was reverted.`, { hint: 'Try again.' })
}

function nothingOf(target: RevertTarget): EnsembleError {
  const who = target.kind === 'revision' ? 'This revision' : (target.author ?? 'Anyone')
  const where = target.path === null ? 'in this workspace' : `in ${target.path}`
  const when = target.kind === 'author' && target.since !== null ? ' since then' : ''
  return new EnsembleError('E_NOT_FOUND', `${who} has written nothing ${where}${when}.`, {
    hint: target.path === null ? '"ensemble status" names the agents.' : `"ensemble log ${target.path}" lists who has.`,
    data: { author: target.kind === 'revision' ? null : target.author, path: target.path },
  })
}
