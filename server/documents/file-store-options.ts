/** What the files of a workspace need around them. */
import type { Author, ConflictId } from '../../protocol/ids.js'
import type { EventBus } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import type { Traces } from '../trace/traces.js'
import type { Divergence } from './divergence.js'
import type { Fence } from './fence.js'
import type { FileCommit } from './ledger.js'
import type { LiveDocumentOptions } from './live-document.js'
import type { MergeRules } from './merge-policy.js'
import type { DecideAside } from './write-decider.js'

export interface FileStoreOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly events: EventLog
  /** Gets every commit when it is durable, in order. */
  readonly bus: EventBus<FileCommit>
  readonly now: () => number
  /** A new unguessable id of letters and digits. */
  readonly newId: () => string
  /** A new unguessable id that people can abbreviate: random from its first character on. */
  readonly newConflictId: () => string
  /** Whether an author has been told of a conflict, and has confirmed it. */
  readonly isTold: (author: Author, id: ConflictId) => boolean
  /** A new Yjs client id: a random unsigned 32-bit number. */
  readonly newClient: () => number
  readonly maxDocumentBytes?: LiveDocumentOptions['maxBytes']
  readonly defer: LiveDocumentOptions['defer']
  /** Decides about large texts beside the event loop; default: nobody does. */
  readonly decideAside?: DecideAside | undefined
  /** Which soft overlaps are merged, by the file's path; default: all. */
  readonly mergeRules?: MergeRules
  /** Default: everyone may change everything. */
  readonly fence?: Fence
  /** A document that is loaded differs from its file's head, which follows it. */
  readonly onDivergence: (found: Divergence) => void
  readonly traces?: Pick<Traces, 'revised'>
}
