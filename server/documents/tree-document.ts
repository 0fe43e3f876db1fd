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
  /** Null: no file is there any more. */
  readonly #changed = new Map<string, FileHead | null>()
  readonly #conflicts: Y.Map<readonly string[]>
  readonly #collided = new Map<string, readonly string[]>()

  /** Brings the stored tree in line with `heads`: a crash may lie between a file's commit and the tree's. */
  constructor(options: Omit<LiveDocumentOptions, 'id' | 'readOnly' | 'ledger'>, heads: Iterable<FileHead>) {
    this.#defer = options.defer
    this.live = new LiveDocument({ ...options, id: '~workspace', readOnly: true })
    this.#tree = this.live.doc.getMap(TREE_ROOT)
    this.#conflicts = this.live.doc.getMap(CONFLICTS_ROOT)
    for (const path of this.#tree.keys()) this.#changed.set(path, null)
    for (const head of heads) if (!head.deleted) this.#changed.set(head.path, head)
    this.#write()
  }

  /**
   * Follows a new head, together with all others of this run of the event loop.
   * @param left the path that the file had before, where it is another one
   */
  follow(head: FileHead, left?: string): void {
    this.#writeLater()
    const other = left === undefined ? undefined : this.#changed.get(left)
    if (left !== undefined && (other == null || other.id === head.id)) this.#changed.set(left, null)
    this.#changed.set(head.path, head.deleted ? null : head)
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
    const changed = [...this.#changed].filter(([path, head]) => this.#differs(path, head))
    const collided = [...this.#collided].filter(
      ([path, ids]) => this.#conflicts.get(path)?.join() !== (ids.join() || undefined),
    )
    this.#changed.clear()
    this.#collided.clear()
    if (changed.length === 0 && collided.length === 0) return
    this.live.transact('DISK', () => {
      for (const [path, head] of changed) {
        if (head === null) this.#tree.delete(path)
        else this.#tree.set(path, { id: head.id, kind: head.kind, executable: head.executable })
      }
      for (const [path, ids] of collided) {
        if (ids.length === 0) this.#conflicts.delete(path)
        else this.#conflicts.set(path, ids)
      }
    })
  }

  #differs(path: string, head: FileHead | null): boolean {
    const node = this.#tree.get(path)
    if (node === undefined || head === null) return node !== undefined || head !== null
    return node.id !== head.id || node.kind !== head.kind || node.executable !== head.executable
  }
}
