/** How far peers of a document had been told when they left, by their Yjs clients; forgotten with the document's memory. */

/** So many of those that left last are remembered. */
const TOLD_PEERS = 1_000

export class ToldPeers {
  readonly #told = new Map<number, number>()

  /** A peer leaves that had received every step up to `step`. */
  left(client: number, step: number): void {
    this.#told.delete(client)
    this.#told.set(client, step)
    const [oldest] = this.#told.keys()
    if (this.#told.size > TOLD_PEERS && oldest !== undefined) this.#told.delete(oldest)
  }

  /** Up to which step a peer had received all when it left; null: not known. */
  before(client: number): number | null {
    return this.#told.get(client) ?? null
  }
}
