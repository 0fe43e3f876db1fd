/** Carries out the requests of the agent socket: parses their parameters, asks the rooms that know. */
import { type z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import { faultsOf } from '../../protocol/faults.js'
import type { FileHead } from '../../protocol/files.js'
import type { Author, FileId } from '../../protocol/ids.js'
import { methods, type Method, type Params, type Result } from '../../protocol/messages.js'
import type { Status } from '../../protocol/status.js'
import { agentOf } from '../auth/agent-of.js'
import { toWire } from '../documents/content.js'
import { durably } from '../documents/durable-reads.js'
import type { FileStore, FileVersion } from '../documents/file-store.js'
import type { EventService } from '../events/event-service.js'
import type { InboxService } from '../events/inbox-service.js'
import type { HistoryService } from '../journal/history-service.js'
import type { RevertService } from '../journal/revert-service.js'
import type { LockService } from '../locks/lock-service.js'
import type { PresenceService } from '../presence/presence-service.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Origin, Traces } from '../trace/traces.js'
import type { ContextService } from '../context/context-service.js'
import type { TaskService } from '../tasks/task-service.js'

/** What a session answers itself. */
type Own = 'open' | 'close' | 'subscribe' | 'folder' | 'leave'
export type ControlMethod = Exclude<Method, Own>
type Handlers = { [M in ControlMethod]: (params: Params<M>, author: Author, gone: AbortSignal) => Promise<Result<M>> }

export interface ControlOptions {
  readonly files: FileStore
  readonly queue: CommitQueue
  readonly history: HistoryService
  readonly locks: LockService
  /** Of one file, as limits.fileBytes says. */
  readonly maxFileBytes: number
  readonly reverts: RevertService
  readonly events: EventService
  readonly inboxes: InboxService
  readonly tasks: TaskService
  readonly context: ContextService
  readonly seq: () => number
  readonly status: () => Status
  readonly presence: PresenceService
  readonly traces: Pick<Traces, 'asked'>
  /** What was before the feeds of a session began, from a time on. */
  readonly recent: (since: number) => Result<'recent'>
}

/** Who asks, and how. */
export interface Asking {
  readonly author: Author
  readonly origin: Origin
  /** Fires when whoever asks is gone; default: never. */
  readonly gone?: AbortSignal
}

const NEVER = new AbortController().signal

/** Of one answer to `read`, in bytes on disk; one larger file still goes whole. */
const READ_BYTES = 4 * 1024 * 1024

export class Control {
  readonly #handlers: Handlers
  readonly #traces: Pick<Traces, 'asked'>

  constructor(options: ControlOptions) {
    const {
      files,
      queue,
      history,
      reverts,
      locks,
      tasks,
      context,
      events,
      inboxes,
      presence,
      seq,
      status,
      recent,
      maxFileBytes,
      traces,
    } = options
    this.#traces = traces
    this.#handlers = {
      // Heads and contents are shown only when they are durable.
      tree: ({ since = 0 }) => {
        const isNew = (head: FileHead): boolean => head.seq > since
        return durably(
          queue,
          () => ({ seq: seq(), files: [...files.heads()].filter(isNew) }),
          () => {
            const stored = files.durable.tree(files.heads())
            return { seq: stored.seq, files: stored.heads.filter(isNew) }
          },
        )
      },
      read: ({ ids }) =>
        durably(
          queue,
          () => readMany(ids, (id) => files.peek(id)),
          () => readMany(ids, (id) => files.durable.file(id)),
        ),
      stat: ({ path }) => {
        const head = files.head(path) ?? null
        return durably(
          queue,
          () => ({ head }),
          () => ({ head: head === null ? null : (files.durable.head(head.id) ?? null) }),
        )
      },
      write: async (command, author) => {
        assertSize(command, maxFileBytes)
        return await files.write(command, authorOf(command, author))
      },
      delete: (command, author) => files.delete(command, authorOf(command, author)),
      rename: (command, author) => files.rename(command, authorOf(command, author)),
      conflicts: async (filter) => ({ conflicts: await files.conflicts.list(filter) }),
      conflict: ({ id }) => files.conflicts.show(id),
      resolve: (command, author) => files.conflicts.resolve(command, author),
      materialize: (command, author) => files.conflicts.materialize(command, author),
      lock: (command, author, gone) => locks.acquire(command, agentOf(author), gone),
      unlock: async (command, author) => ({ locks: [...(await locks.release(command, agentOf(author)))] }),
      renewLocks: async (command, author) => ({ locks: [...(await locks.renew(command, agentOf(author)))] }),
      locks: (query) => Promise.resolve(locks.list(query)),
      breakLock: async ({ id }, author) => ({ lock: await locks.break(id, author) }),
      status: () => Promise.resolve(status()),
      history: (query) => history.history(query),
      version: (query) => history.version(query),
      blame: (query) => history.blame(query),
      revert: (command, author) => reverts.revert(command, author),
      publish: async (command, author) => ({ event: await events.publish(command, author) }),
      acknowledge: async ({ seq: of }, author) => ({ event: await events.acknowledge(of, agentOf(author)) }),
      events: (query, author) => events.page(query, author),
      event: ({ seq: of }) => Promise.resolve(events.show(of)),
      inbox: async (query, author) => await Promise.resolve(inboxes.look(query, agentOf(author))),
      receipt: ({ through }, author) => inboxes.receipt(through, agentOf(author)),
      context: () => context.get(),
      addContext: (command, author) => context.add(command, author),
      tasks: () => tasks.list(),
      task: (command, author) => tasks.command(command, author),
      presence: async (command, author) => await Promise.resolve({ agent: presence.says(agentOf(author), command) }),
      recent: ({ since }) => Promise.resolve(recent(since)),
    }
  }

  /**
   * @param gone fires when whoever asks is not there any more; default: it stays
   * @throws EnsembleError
   */
  async handle<M extends ControlMethod>(method: M, params: unknown, asking: Asking): Promise<Result<M>> {
    const { author, origin, gone = NEVER } = asking
    const parsed = parseParams(method, params)
    if ('writeId' in parsed) this.#traces.asked(parsed.writeId, origin, author)
    return await this.#handlers[method](parsed, author, gone)
  }
}

/** An agent answers for what git does in its own folder. */
function authorOf({ by }: { readonly by?: 'git' | undefined }, author: Author): Author {
  return author === 'DISK' && by === 'git' ? 'git' : author
}

const schemas: { readonly [M in Method]: { readonly params: z.ZodType<Params<M>> } } = methods

/** @throws EnsembleError E_BAD_REQUEST */
export function parseParams<M extends Method>(method: M, params: unknown): Params<M> {
  const parsed = schemas[method].params.safeParse(params)
  if (parsed.success) return parsed.data
  throw new EnsembleError(
    'E_BAD_REQUEST',
    `The parameters of "${method}" are not valid: ${faultsOf(parsed.error).join('; ')}`,
  )
}

/** @throws EnsembleError E_TOO_LARGE */
function assertSize({ path, content }: Params<'write'>, limit: number): void {
  const bytes = content.kind === 'text' ? Buffer.byteLength(content.text) : (content.base64.length / 4) * 3
  if (bytes <= limit + 2) return // two bytes of padding at most
  throw new EnsembleError('E_TOO_LARGE', `${path} has ${Math.round(bytes)} bytes, the limit is ${limit}.`, {
    hint: 'The limit is limits.fileBytes in the configuration of the served folder.',
  })
}

async function readMany(
  ids: readonly FileId[],
  read: (id: FileId) => FileVersion | undefined | Promise<FileVersion | undefined>,
): Promise<Result<'read'>> {
  const found: Result<'read'>['files'] = []
  let bytes = 0
  let taken = 0
  for (const id of ids) {
    if (taken > 0 && bytes >= READ_BYTES) break
    taken++
    const file = await read(id)
    if (file === undefined) continue
    bytes += file.head.size
    found.push({ head: file.head, content: toWire(file.content) })
  }
  return { files: found, rest: ids.slice(taken) }
}
