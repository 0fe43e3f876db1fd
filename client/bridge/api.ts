/** What a bridge is to those who open one (bridge.ts). */
import type { Fold } from './spellings.js'
import type { EnsembleError } from '../../protocol/errors.js'
import type { Pause, ResumeChoice } from '../../protocol/folder.js'
import type { StoreStep } from './base-store.js'
import type { Held } from './gate.js'
import type { SubmitStep } from './uploads.js'
import type { BridgeConnection, BridgeLog, Environment } from './ports.js'
import type { RootFault } from './root.js'
import type { WatchFolder } from './watcher.js'
import type { WriterStep } from './writer.js'

/** Every moment at which a test can hold a bridge up, or end it. */
export type BridgeStep = WriterStep | SubmitStep | StoreStep

export type BridgeProgress = {
  readonly phase: 'scanning' | 'comparing' | 'ready'
  readonly done: number
  readonly total: number
}

export type PauseReason = Pause & { readonly code: RootFault | 'store-failed' | Held['code'] }

/** What became of what was held. */
export interface Resumed {
  readonly choice: ResumeChoice
  readonly files: number
  /** Folder with the texts that were restored away; null: there are none. */
  readonly kept: string | null
}

export type BridgeState =
  /** Before the first look at the folder and at the server is complete. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'syncing' }
  | { readonly kind: 'synced' }
  /** The folder is watched; what changes is sent when the server is back. */
  | { readonly kind: 'offline' }
  /** What can't be undone waits; where there is a choice (`reason.choices`) everything else goes on. */
  | { readonly kind: 'paused'; readonly reason: PauseReason }
  /** `error` null: on purpose. */
  | { readonly kind: 'closed'; readonly error: EnsembleError | null }

export interface BridgeOptions {
  readonly dir: string
  /** Live or not; with the feed `heads`. The bridge does not close it. */
  readonly connection: BridgeConnection
  readonly config: {
    readonly quietMilliseconds: number
    readonly auditSeconds: number
    readonly fileBytes: number
  }
  readonly log: BridgeLog
  /** The folder is the one that the server serves, where git works for everybody; default: it is an agent's own. */
  readonly isServed?: boolean
  readonly onProgress?: (progress: BridgeProgress) => void
  /** Default: the system's clock, timers and randomness. */
  readonly environment?: Environment
  /** For tests: what of a path the disk tells apart. Default: as the disk itself shows. */
  readonly fold?: Fold
  /** For tests: called between the steps of every write, and of every commit (path ''); what it returns is awaited. */
  readonly onStep?: (step: BridgeStep, path: string) => Promise<void> | undefined
  /** For tests: what watches a folder; null leaves changes to the audit alone. Default: the system's. */
  readonly watchFolder?: WatchFolder | null
}

export interface BridgeStats {
  /** On disk and on the server, the same or about to be. */
  readonly files: number
  /** Paths that wait for something to be done. */
  readonly waiting: number
  /** Conflicts that writes of this folder raised since it was opened; the server holds what is in them. */
  readonly conflicts: number
  /** Paths that stay out of sync until something changes, with the reason. */
  readonly blocked: ReadonlyMap<string, string>
}
