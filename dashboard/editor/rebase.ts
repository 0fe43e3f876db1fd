/** Brings what was typed over to a document of another history: by texts, since their structs have nothing in common. */
import type { Edits } from '../../protocol/text/edits.js'
import { merge3 } from '../../protocol/text/merge3.js'
import type { Unsent } from '../model/drafts.js'

export interface Rebased {
  /** From the text as it is now to the one with what was typed. */
  readonly edits: Edits
  /** What was typed where others have changed the same lines since; it is in no text. */
  readonly held: readonly string[]
}

/** @param now the text of the new document */
export function rebase({ base, mine }: Unsent, now: string): Rebased {
  const { edits, hunks } = merge3(base, now, mine)
  return { edits, held: hunks.flatMap((hunk) => (hunk.kind === 'hard' ? pieceOf(hunk.theirsText) : [])) }
}

/** The lines that were typed, each place by itself. */
export function typedLines({ base, mine }: Unsent): readonly string[] {
  return merge3(base, base, mine).hunks.flatMap(({ theirs }) => pieceOf(mine.slice(theirs.from, theirs.to)))
}

/** A deletion leaves nothing to keep. */
function pieceOf(text: string): string[] {
  return text.trim() === '' ? [] : [text]
}
