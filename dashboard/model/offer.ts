/** What was done here and can be taken back. */
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { Author } from '../../protocol/ids.js'

export interface Offer {
  /** Of its own. */
  readonly id: string
  /** What was done: "Halted Shop". */
  readonly words: string
  /** Whether this event tells that it was done. */
  readonly isTold: (event: WorkspaceEvent) => boolean
  /** Who has built on it since; null: nobody. Subscribes whoever reads it. */
  readonly builtOn: () => Author | 'gone' | null
  /** @returns what is so now, as a sentence. @throws EnsembleError */
  readonly run: () => Promise<string>
}

/** Of those before the last: as far as anybody goes back. */
const MOST_KEPT = 50

/** All that can be taken back, as far as this page knows. */
export interface Offers {
  /** What the bar tells of; null: nothing. */
  readonly shown: Offer | null
  /** It is to be taken back now, without asking once more. */
  readonly isAsked: boolean
  /** Newest first. */
  readonly all: readonly Offer[]
}

export const NO_OFFERS: Offers = { shown: null, isAsked: false, all: [] }

export function withOffer({ all }: Offers, offer: Offer): Offers {
  return { shown: offer, isAsked: false, all: [offer, ...all].slice(0, MOST_KEPT) }
}

/** It was taken back, and is told of for as long as it is shown. */
export function withoutOffer(offers: Offers, { id }: Offer): Offers {
  return { ...offers, all: offers.all.filter((offer) => offer.id !== id) }
}
