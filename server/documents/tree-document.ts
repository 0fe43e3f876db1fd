/**
 * The workspace document (`/sync/~workspace`): path → {id, kind, executable} of every file, and path → ids of its open
 * conflicts, written by the server alone.
 * Hashes and revisions are not in it: they travel as messages (rule SYNC-13).
 */
import type * as Y from 'yjs'
import { CONFLICTS_ROOT, TREE_ROOT } from '../../protocol/document.js'
import type { FileHead } from '../../protocol/files.js'
import { LiveDocument, type LiveDocumentOptions } from './live-document.js'

type TreeNode = Pick<FileHead, 'id' | 'kind' | 'executable'>

export class TreeDocument {
  readonly live: LiveDocument
  readonly #tree: Y.Map<TreeNode>
  readonly #defer: (run: () => void) => void
  readonly #changed = new Map<string, FileHead>()
  readonly #conflicts: Y.Map<readonly string[]>
  readonly #collided = new Map<string, readonly string[]>()

  /** Brings the stored tree in line with `heads`: a crash may lie between a file's commit and the tree's. */
  constructor(options: Omit<LiveDocumentOptions, 'id' | 'readOnly' | 'ledger'>, heads: Iterable<FileHead>) {
    this.#defer = options.defer
    this.live = new LiveDocument({ ...options, id: '~workspace', readOnly: true })
    this.#tree = this.live.doc.getMap(TREE_ROOT)
    this.#conflicts = this.live.doc.getMap(CONFLICTS_ROOT)
    for (const head of heads) this.#changed.set(head.path, head)
    this.#write()
  }

  /** Follows a new head, together with all others of this run of the event loop. */
  follow(head: FileHead): void {
    this.#writeLater()
    this.#changed.set(head.path, head)
  }

  /** Follows the open conflicts of a file. */
  followConflicts(path: string, ids: readonly string[]): void {
    this.#writeLater()
    this.#collided.set(path, ids)
  }

  /** Brings the conflicts in line with all that are open. */
  setConflicts(open: ReadonlyMap<string, readonly string[]>): void {
    for (const path of this.#conflicts.keys()) if (!open.has(path)) this.followConflicts(path, [])
    for (const [path, ids] of open) this.followConflicts(path, ids)
  }

  #writeLater(): void {
    if (this.#changed.size > 0 || this.#collided.size > 0) return
    this.#defer(() => {
      this.#write()
    })
  }

  #write(): void {
    const changed = [...this.#changed.values()].filter((head) => this.#differs(head))
    const collided = [...this.#collided].filter(
      ([path, ids]) => this.#conflicts.get(path)?.join() !== (ids.join() || undefined),
    )
    this.#changed.clear()
    this.#collided.clear()
    if (changed.length === 0 && collided.length === 0) return
    this.live.transact('DISK', () => {
      for (const { path, deleted, id, kind, executable } of changed) {
        if (deleted) this.#tree.delete(path)
        else this.#tree.set(path, { id, kind, executable })
      }
      for (const [path, ids] of collided) {
        if (ids.length === 0) this.#conflicts.delete(path)
        else this.#conflicts.set(path, ids)
      }
    })
  }

  #differs({ path, deleted, id, kind, executable }: FileHead): boolean {
    const node = this.#tree.get(path)
    if (node === undefined) return !deleted
    return deleted || node.id !== id || node.kind !== kind || node.executable !== executable
  }
}
