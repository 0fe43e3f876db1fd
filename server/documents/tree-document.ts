/**
 * The workspace document (`/sync/~workspace`): path → {id, kind, executable} of every file, written by the server alone.
 * Hashes and revisions are not in it: they travel as messages (rule SYNC-13).
 */
import type * as Y from 'yjs'
import { TREE_ROOT } from '../../protocol/document.js'
import type { FileHead } from '../../protocol/files.js'
import { LiveDocument, type LiveDocumentOptions } from './live-document.js'

type TreeNode = Pick<FileHead, 'id' | 'kind' | 'executable'>

export class TreeDocument {
  readonly live: LiveDocument
  readonly #tree: Y.Map<TreeNode>
  readonly #defer: (run: () => void) => void
  readonly #changed = new Map<string, FileHead>()

  /** Brings the stored tree in line with `heads`: a crash may lie between a file's commit and the tree's. */
  constructor(options: Omit<LiveDocumentOptions, 'id' | 'readOnly' | 'ledger'>, heads: Iterable<FileHead>) {
    this.#defer = options.defer
    this.live = new LiveDocument({ ...options, id: '~workspace', readOnly: true })
    this.#tree = this.live.doc.getMap(TREE_ROOT)
    for (const head of heads) this.#changed.set(head.path, head)
    this.#write()
  }

  /** Follows a new head, together with all others of this run of the event loop. */
  follow(head: FileHead): void {
    if (this.#changed.size === 0) {
      this.#defer(() => {
        this.#write()
      })
    }
    this.#changed.set(head.path, head)
  }

  #write(): void {
    const changed = [...this.#changed.values()].filter((head) => this.#differs(head))
    this.#changed.clear()
    if (changed.length === 0) return
    this.live.transact('DISK', () => {
      for (const { path, deleted, id, kind, executable } of changed) {
        if (deleted) this.#tree.delete(path)
        else this.#tree.set(path, { id, kind, executable })
      }
    })
  }

  #differs({ path, deleted, id, kind, executable }: FileHead): boolean {
    const node = this.#tree.get(path)
    if (node === undefined) return !deleted
    return deleted || node.id !== id || node.kind !== kind || node.executable !== executable
  }
}
