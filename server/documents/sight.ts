/**
 * What a peer had not seen when it made an update (rules SYNC-16, SYNC-17).
 *
 * 1. On a connection that lasts: what was sent and is not confirmed yet, but for its own.
 * 2. When it comes (back): what its state vector lacks. A vector says nothing of deletions: of a step that only deleted, the
 *    peer's own deletions tell, and where it has deleted all of that itself, how far the same peer had been told before. What was under
 *    way when its connection broke counts as not received.
 */
import * as Y from 'yjs'
import type { Arrival } from '../trace/traces.js'
import { cover, type IdRanges } from './id-ranges.js'
import type { IdRange, Step, Steps } from './steps.js'

export type Sight =
  /** It has every step up to `seen`. */
  | { readonly kind: 'live'; readonly seen: number }
  /**
   * It has what its state vector names, and had received step `told` before it left; null: not known. `named`: the deletions
   * that its answer named, once that has come; its later updates name new ones only. `since`: the newest step of what it was
   * answered, which it has not confirmed.
   */
  | {
      readonly kind: 'joining'
      readonly stateVector: ReadonlyMap<number, number>
      readonly told: number | null
      readonly since: number
      readonly named: IdRanges
    }

/** Who sends an update, and what it had before it. */
export interface Sender {
  /** Its connection; what came over the same one is its own. */
  readonly source: object
  /** Its Yjs client, as far as it is known. */
  readonly client: number | null
  readonly sight: Sight
  /** The update is everything that it has and the server lacks. */
  readonly isAnswer: boolean
  readonly arrival?: Arrival | undefined
}

/** What a peer does not know of, and what it deleted itself of that. */
export interface Unseen {
  /** Ascending. */
  readonly steps: readonly Step[]
  readonly gone: readonly IdRange[]
}

/** When all that a state vector lacks is found, so many steps before it are still looked at: they may have deleted only. */
const LOOK_BACK = 64

/**
 * @param deleted every deletion that the update names
 * @param lacking how many ids the peer's state vector lacks, of those that were here before the update
 */
export function unseenBy(sender: Sender, steps: Steps, deleted: IdRanges, lacking: number): Unseen {
  const { sight } = sender
  switch (sight.kind) {
    case 'live':
      return unconfirmed(sender, steps, sight.seen)
    case 'joining':
      return notNamed(sender, sight, steps, deleted, lacking)
  }
}

function unconfirmed({ source }: Sender, steps: Steps, seen: number): Unseen {
  const unseen: Step[] = []
  const own: Step[] = []
  for (const step of steps.backwards()) {
    if (step.n <= seen) break
    if (step.source === source) own.push(step)
    else unseen.push(step)
  }
  return { steps: unseen.reverse(), gone: sharedOf(own) }
}

function notNamed(
  { source, client }: Sender,
  { stateVector, told, named }: Extract<Sight, { kind: 'joining' }>,
  steps: Steps,
  deleted: IdRanges,
  lacking: number,
): Unseen {
  const unseen: Step[] = []
  const seen: Step[] = []
  /** Steps that only deleted what the peer has deleted as well. */
  const doubtful: Step[] = []
  let left = lacking
  let looked = 0
  for (const step of steps.backwards()) {
    const missing = step.inserted.reduce((sum, range) => sum + missingOf(range, stateVector), 0)
    const isUndeleted = step.deleted.some(([id, from, text]) => !cover([deleted, named], id, from, from + text.length))
    left -= missing
    if (step.source === source) seen.push(step)
    else if (missing > 0 || (step.inserted.length === 0 && isUndeleted)) {
      unseen.push(step)
      looked = 0
    } else {
      if (step.inserted.length === 0) doubtful.push(step)
      else seen.push(step)
      if (left <= 0 && ++looked > LOOK_BACK) break
    }
  }
  // A peer sees the steps of others in their order.
  const first = unseen.at(-1)?.n ?? Infinity
  for (const step of doubtful) {
    const isLate = step.n > first || (told !== null && step.n > told)
    if (isLate && step.by !== client) unseen.push(step)
    else seen.push(step)
  }
  return { steps: unseen.sort((a, b) => a.n - b.n), gone: sharedOf(seen) }
}

function sharedOf(steps: readonly Step[]): IdRange[] {
  return steps.flatMap(({ shared }) => shared)
}

function missingOf([client, from, to]: IdRange, stateVector: ReadonlyMap<number, number>): number {
  return Math.max(0, to - Math.max(from, stateVector.get(client) ?? 0))
}

/** How many ids of a document a state vector does not name. */
export function lackingOf(stateVector: ReadonlyMap<number, number>, doc: Y.Doc): number {
  let lacking = 0
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
    lacking += Math.max(0, clock - (stateVector.get(client) ?? 0))
  }
  return lacking
}
