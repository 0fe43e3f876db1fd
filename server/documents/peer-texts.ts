/**
 * Three texts of one document, and how they differ: what a peer saw, what it made of that, and what stood here meanwhile.
 * They are read off the characters' ids, in the order that Yjs gives them; nothing is guessed from the texts.
 */
import * as Y from 'yjs'
import { EditList, type Edits } from '../../protocol/text/edits.js'
import { idsOf, textsOf, type IdRanges } from './id-ranges.js'
import type { Unseen } from './sight.js'
import type { IdRange, Step } from './steps.js'

export interface PeerTexts {
  /** What the peer saw before its update. */
  readonly base: string
  /** What stood here before the update. */
  readonly ours: string
  /** What the peer saw after it. */
  readonly theirs: string
  /** From `base`. */
  readonly oursEdits: Edits
  readonly theirsEdits: Edits
  /** Whether the peer added or took out any character, be it to put the same one there. */
  readonly touched: boolean
}

/**
 * @param content with the update in it
 * @param unseen what the peer did not know of, and what it had deleted of that before
 * @param own what the update did
 * @param deleted every deletion that the update names
 */
export function peerTexts(
  content: Y.Text,
  unseen: Unseen,
  own: Pick<Step, 'inserted' | 'deleted'>,
  deleted: IdRanges,
): PeerTexts {
  const hidden = idsOf([...unseen.steps.flatMap((step) => step.inserted), ...unseen.gone])
  const missed = textsOf(unseen.steps.flatMap((step) => step.deleted))
  const added = idsOf(own.inserted)
  const removed = textsOf(own.deleted)
  const texts = new Builder()
  for (let item = content._start; item !== null; item = item.right) {
    const { client, clock } = item.id
    const standing = !item.deleted && item.content instanceof Y.ContentString ? item.content.str : null
    for (let at = clock; at < clock + item.length;) {
      const isHidden = hidden.find(client, at)
      const isMissed = missed.find(client, at)
      const isAdded = added.find(client, at)
      const isRemoved = removed.find(client, at)
      const isDeleted = deleted.find(client, at)
      const found = [isHidden, isMissed, isAdded, isRemoved, isDeleted]
      const to = Math.min(clock + item.length, ...found.map(({ until }) => until))
      const stood = (standing !== null && !isAdded.has) || isRemoved.has
      const wasSeen = (stood || isMissed.has) && !isHidden.has
      const isThere = (wasSeen && !isDeleted.has) || (standing !== null && isAdded.has)
      const text = standing?.slice(at - clock, to - clock) ?? (isRemoved.text || isMissed.text).slice(0, to - at)
      texts.push(text, wasSeen, stood, isThere)
      at = to
    }
  }
  return texts.finish()
}

/** What an update deletes of what its peer did not know to be deleted. */
export function sharedDeletions({ steps }: Unseen, deleted: IdRanges): IdRange[] {
  const shared: IdRange[] = []
  for (const [client, from, text] of steps.flatMap((step) => step.deleted)) {
    const end = from + text.length
    for (let at = from; at < end;) {
      const { has, until } = deleted.find(client, at)
      const to = Math.min(end, until)
      if (has) shared.push([client, at, to])
      at = to
    }
  }
  return shared
}

class Builder {
  #base = ''
  #ours = ''
  #theirs = ''
  #touched = false
  readonly #oursEdits = new EditList()
  readonly #theirsEdits = new EditList()

  push(text: string, isBase: boolean, isOurs: boolean, isTheirs: boolean): void {
    const at = this.#base.length
    if (isBase) this.#base += text
    if (isOurs) this.#ours += text
    if (isTheirs) this.#theirs += text
    const before = isBase ? text : ''
    if (isBase !== isOurs) this.#oursEdits.push(at, before, isOurs ? text : '')
    if (isBase !== isTheirs) this.#touched = true
    if (isBase !== isTheirs) this.#theirsEdits.push(at, before, isTheirs ? text : '')
  }

  finish(): PeerTexts {
    return {
      base: this.#base,
      ours: this.#ours,
      theirs: this.#theirs,
      oursEdits: this.#oursEdits.edits,
      theirsEdits: this.#theirsEdits.edits,
      touched: this.#touched,
    }
  }
}
