/** What keeps others out of regions of texts. Locks are that; this room knows only what it asks of them. */
import type { FileHead } from '../../protocol/files.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Edits } from '../../protocol/text/edits.js'

export interface Fence {
  /**
   * Runs with every new head, before it is durable, in the step in which it becomes the head: regions move with the text.
   * @param left the path that the file had before it was renamed
   */
  follow(head: FileHead, left: WorkspacePath | undefined, edits: Edits | null): void
}

export const NO_FENCE: Fence = { follow: () => undefined }
