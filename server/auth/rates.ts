/** How much may come: so many a second, averaged over ten seconds; of one connection, and of one token over all that it opened. */
import { EnsembleError } from '../../protocol/errors.js'

/** Seconds over which a rate is averaged. */
const WINDOW = 10
/** Tokens looked after before those that rest are forgotten. */
const MANY_TOKENS = 1_000

/** What was not spent is kept, for ten seconds at most. */
export class Rate {
  readonly #perSecond: number
  readonly #elapsed: () => number
  #credit: number
  #at: number

  /** @param elapsed milliseconds from any start, never backwards */
  constructor(perSecond: number, elapsed: () => number) {
    this.#perSecond = perSecond
    this.#elapsed = elapsed
    this.#credit = perSecond * WINDOW
    this.#at = elapsed()
  }

  /** False: it is too much. That counts, too: whoever does not stop stays shut out. */
  spend(): boolean {
    this.#earn()
    this.#credit = Math.max(this.#credit - 1, -this.#perSecond)
    return this.#credit >= 0
  }

  /** Nothing was spent in the last ten seconds, or all of it has been earned again: a new one is no other. */
  get isFull(): boolean {
    this.#earn()
    return this.#credit >= this.#perSecond * WINDOW
  }

  #earn(): void {
    const now = this.#elapsed()
    const earned = ((now - this.#at) / 1000) * this.#perSecond
    this.#credit = Math.min(this.#perSecond * WINDOW, this.#credit + earned)
    this.#at = now
  }
}

/** One rate a token, whatever connections and requests it comes by. */
export class TokenRates {
  readonly #perSecond: number
  readonly #elapsed: () => number
  readonly #rates = new Map<string, Rate>()

  constructor(perSecond: number, elapsed: () => number) {
    this.#perSecond = perSecond
    this.#elapsed = elapsed
  }

  /** @throws EnsembleError E_LIMIT */
  spend(token: string): void {
    let rate = this.#rates.get(token)
    if (rate === undefined) {
      this.#forgetResting()
      rate = new Rate(this.#perSecond, this.#elapsed)
      this.#rates.set(token, rate)
    }
    if (rate.spend()) return
    throw new EnsembleError('E_LIMIT', `More than ${this.#perSecond} messages a second came with one token.`, {
      hint: 'Wait a moment; the limit is limits.messagesPerSecondOfToken.',
    })
  }

  #forgetResting(): void {
    if (this.#rates.size < MANY_TOKENS) return
    for (const [token, rate] of this.#rates) if (rate.isFull) this.#rates.delete(token)
  }
}
