/** A document that is not what its file's head says, as no commit leaves it: something is wrong with the storage, or with us. */
import type { FileHead } from '../../protocol/files.js'
import type { ContentHash } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { bytesOf, hashOf } from './content.js'

export interface Divergence {
  readonly path: WorkspacePath
  /** Of the head. */
  readonly rev: number
  readonly headHash: ContentHash
  readonly documentHash: ContentHash
}

/** @param text of the document, as it was loaded */
export function divergenceOf(head: FileHead, text: string): Divergence | undefined {
  const { path, rev, kind, bom, eol, hash } = head
  if (kind === 'binary') return undefined // its document is of the text that it was before
  const documentHash = hashOf(bytesOf({ kind, text, bom, eol }))
  return documentHash === hash ? undefined : { path, rev, headHash: hash, documentHash }
}
