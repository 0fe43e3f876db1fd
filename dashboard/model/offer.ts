/** What was done here and can be taken back. */
import type { Author } from '../../protocol/ids.js'

export interface Offer {
  /** Of its own. */
  readonly id: string
  /** What was done: "Halted Shop". */
  readonly words: string
  /** Who has built on it since; null: nobody. Subscribes whoever reads it. */
  readonly builtOn: () => Author | 'gone' | null
  /** @returns what is so now, as a sentence. @throws EnsembleError */
  readonly run: () => Promise<string>
}
