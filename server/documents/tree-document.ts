/**
 * The workspace document (`/sync/~workspace`): path → {id, kind, executable} of every file, and path → ids of its open
 * conflicts, and id → task; written by the server alone.
 * Hashes and revisions are not in it: they travel as messages (rule SYNC-13).
 */
import type * as Y from 'yjs'
import { CONFLICTS_ROOT, TASKS_ROOT, TREE_ROOT } from '../../protocol/document.js'
import type { FileHead } from '../../protocol/files.js'
import type { Task } from '../../protocol/tasks.js'
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
  readonly #tasks: Y.Map<Task>
  /** Null: it is no more. */
  readonly #tasked = new Map<string, Task | null>()

  /** Brings the stored tree in line with `heads`: a crash may lie between a file's commit and the tree's. */
  constructor(options: Omit<LiveDocumentOptions, 'id' | 'readOnly' | 'ledger'>, heads: Iterable<FileHead>) {
    this.#defer = options.defer
    this.live = new LiveDocument({ ...options, id: '~workspace', readOnly: true })
    this.#tree = this.live.doc.getMap(TREE_ROOT)
    this.#conflicts = this.live.doc.getMap(CONFLICTS_ROOT)
    this.#tasks = this.live.doc.getMap(TASKS_ROOT)
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

  /** Follows a task; null: it is no more. */
  followTask(id: string, task: Task | null): void {
    this.#writeLater()
    this.#tasked.set(id, task)
  }

  /** Brings the tasks in line with all that there are. */
  setTasks(tasks: readonly Task[]): void {
    const present = new Set<string>(tasks.map(({ id }) => id))
    for (const id of this.#tasks.keys()) if (!present.has(id)) this.followTask(id, null)
    for (const task of tasks) this.followTask(task.id, task)
  }

  #writeLater(): void {
    if (this.#changed.size > 0 || this.#collided.size > 0 || this.#tasked.size > 0) return
    this.#defer(() => {
      this.#write()
    })
  }

  #write(): void {
    const changed = [...this.#changed].filter(([path, head]) => this.#differs(path, head))
    const collided = [...this.#collided].filter(
      ([path, ids]) => this.#conflicts.get(path)?.join() !== (ids.join() || undefined),
    )
    const tasked = [...this.#tasked].filter(
      ([id, task]) => JSON.stringify(this.#tasks.get(id) ?? null) !== JSON.stringify(task),
    )
    this.#changed.clear()
    this.#collided.clear()
    this.#tasked.clear()
    if (changed.length === 0 && collided.length === 0 && tasked.length === 0) return
    this.live.transact('DISK', () => {
      for (const [path, head] of changed) {
        if (head === null) this.#tree.delete(path)
        else this.#tree.set(path, { id: head.id, kind: head.kind, executable: head.executable })
      }
      for (const [path, ids] of collided) {
        if (ids.length === 0) this.#conflicts.delete(path)
        else this.#conflicts.set(path, ids)
      }
      for (const [id, task] of tasked) {
        if (task === null) this.#tasks.delete(id)
        else this.#tasks.set(id, task)
      }
    })
  }

  #differs(path: string, head: FileHead | null): boolean {
    const node = this.#tree.get(path)
    if (node === undefined || head === null) return node !== undefined || head !== null
    return node.id !== head.id || node.kind !== head.kind || node.executable !== head.executable
  }
}
