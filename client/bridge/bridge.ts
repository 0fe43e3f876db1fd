/**
 * Keeps a folder and the server's workspace the same. The server's own folder and every agent's have one each.
 *
 * disk → watcher, audit → dirty paths ┐
 *                                     ├→ PathFlow: look, reconcile, act → server, or disk
 * server → heads ─────────→ dirty paths ┘
 *
 * Guarantees: bridge.md B1–B8, B12–B14, B17, B18. What becomes of a path is decided in reconcile.ts, and how it is done
 * safely in writer.ts, reader.ts and submitter.ts; folder-bridge.ts joins the parts.
 */
import type { ResumeChoice } from '../../protocol/folder.js'
import type { BridgeOptions, BridgeState, BridgeStats, Resumed } from './api.js'
import { FolderBridge } from './folder-bridge.js'
import type { Disposer } from './ports.js'
import { openRoot } from './root.js'

export interface Bridge {
  readonly state: BridgeState
  onState(listener: (state: BridgeState) => void): Disposer
  readonly stats: BridgeStats
  /** How often the audit has looked at everything. */
  readonly passes: number
  /** The first full comparison with the server is done; whether deletions are held is known. Rejects if closed before. */
  synced(): Promise<void>
  /** Connected, nothing dirty, nothing under way. Held deletions and blocked paths don't count. */
  idle(): Promise<void>
  /** Before the end: as `idle`, and no path rests on the way there, or later. */
  finish(): Promise<void>
  /**
   * Decides about what is held: `delete` everywhere what is gone here, `accept` all of it, or `restore` here what the server
   * has. Nothing is held: no effect.
   */
  resume(choice: ResumeChoice): Promise<Resumed>
  /** Finishes what is under way. Can be called twice. */
  close(): Promise<void>
}

/**
 * Begins to keep `options.dir` and the server the same. Returns before the first comparison is done: see `synced`.
 *
 * @throws EnsembleError E_WORKSPACE if there is no such folder, E_WORKSPACE_BUSY if another bridge works in it
 */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const root = openRoot(options.dir)
  try {
    const bridge = new FolderBridge(options, root)
    await bridge.start()
    return bridge
  } catch (thrown) {
    root.close()
    throw thrown
  }
}
