/** What storage did not take before a server ended, in words for people. */
import type { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { CloseReport } from '../storage/commit-queue.js'

export interface Lost {
  readonly rows: number
  /** Paths of files, and names of other documents, of which something is missing; sorted. */
  readonly documents: readonly string[]
  readonly reason?: EnsembleError
}

/** Tables whose rows are of one document, which their keys name second (document-log.ts, file-journal.ts, steps.ts). */
const OF_A_DOCUMENT: ReadonlySet<string> = new Set(['state', 'update', 'file', 'text', 'revision', 'step'])
const FREE = '~free:'

export function lostOf({ lost, reason }: CloseReport, heads: Iterable<Pick<FileHead, 'id' | 'path'>>): Lost {
  const ids = new Set<string>()
  for (const row of lost) {
    const [table, id] = 'put' in row ? row.put : 'delete' in row ? row.delete : row.deleteFrom
    if (OF_A_DOCUMENT.has(table) && typeof id === 'string') ids.add(id)
  }
  const paths = new Map<string, string>([...heads].map(({ id, path }) => [id, path]))
  const names = [...ids].map((id) => paths.get(id) ?? (id.startsWith(FREE) ? `~${id.slice(FREE.length)}` : id))
  return { rows: lost.length, documents: [...new Set(names)].sort(), ...(reason === undefined ? {} : { reason }) }
}
