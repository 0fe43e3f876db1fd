/** A decided write, as a file's document carries it out. */
import type { FileHead, SoftOverlap } from '../../protocol/files.js'
import type { WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { TextFormat } from '../../protocol/text/encoding.js'
import type { Attachment } from './ledger.js'

/** What a whole-file write changes besides the text. */
export interface Rewrite {
  readonly path: WorkspacePath
  readonly edits: Edits
  readonly format: TextFormat
  readonly executable: boolean
  readonly deleted: boolean
  readonly writeId: WriteId
  readonly soft: readonly SoftOverlap[] | undefined
  /** What else belongs into the commit, once the head is known and the edits are in the document. */
  readonly attach: (head: FileHead) => Attachment
}

/** Whether it changes anything of a file besides its text. */
export function changesForm({ executable, deleted, format, path }: Rewrite, head: FileHead): boolean {
  return (
    path !== head.path ||
    executable !== head.executable ||
    deleted !== head.deleted ||
    format.bom !== head.bom ||
    format.eol !== head.eol ||
    head.kind === 'binary'
  )
}
