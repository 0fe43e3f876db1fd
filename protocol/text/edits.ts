/**
 * Edits: how two versions of a text differ, as data.
 *
 * Offsets and lengths are in UTF-16 code units, as in JavaScript strings and in Y.Text.
 */

/** Replaces `removed`, which stands at `at` in the text before the edits, by `added`. */
export interface Edit {
  readonly at: number
  readonly removed: string
  readonly added: string
}

/**
 * A list of edits of one text: ascending, disjoint, never both sides empty. Every `at` counts in the text *before* all of
 * them, so that a list can be inverted, composed and intersected without replaying it.
 */
export type Edits = readonly Edit[]
