/** What one file as a live document needs around it. */
import type { FileHead } from '../../protocol/files.js'
import type { Author, FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Met } from './decide-update.js'
import type { Divergence } from './divergence.js'
import type { Fence } from './fence.js'
import type { FileJournal } from './file-journal.js'
import type { Attachment, Ledger } from './ledger.js'
import type { LiveDocumentOptions } from './live-document.js'
import type { MergeRules } from './merge-policy.js'
import type { Places } from './places.js'
import type { DecideAside } from './write-decider.js'

export interface FileDocumentOptions {
  readonly id: FileId
  readonly path: WorkspacePath
  /** Null: there is no such file yet. */
  readonly head: FileHead | null
  readonly epoch: number | null
  /** Of the file that a rename took from the path of one that is no file yet: who has its history is not of this one. */
  readonly former?: number | null
  readonly journal: FileJournal
  readonly ledger: Ledger
  readonly live: Omit<LiveDocumentOptions, 'id' | 'ledger' | 'readOnly'>
  readonly newClient: () => number
  readonly fence: Fence
  /** Which soft overlaps are merged. */
  readonly mergeRules: MergeRules
  /** Decides about large texts beside the event loop; undefined: nobody does. */
  readonly decideAside: DecideAside | undefined
  /** What else belongs into the commit of a live turn that changed the text. */
  readonly attachLive: (head: FileHead, author: Author, places: Places, met: Met | null) => Attachment
  /** Where the file comes to stand when it is made, or made again: its path may be taken by then. */
  readonly placeFor: (path: WorkspacePath, id: FileId, author: Author) => WorkspacePath
  /** Runs while it is loaded, before its head follows it. */
  readonly onDivergence: (found: Divergence) => void
}
