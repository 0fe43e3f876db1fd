/**
 * Which text of a history is of revisions that are to be taken back, and which text they removed: what they themselves put
 * there and removed again does not come back with them.
 */
import type { Edits } from '../../protocol/text/edits.js'

/** A part of a text, by its length; or text of others that was removed there, and is to come back. */
interface Run {
  readonly isOwn: boolean
  readonly length: number
  readonly gone: string
}

/** Removed text, in its order. */
export interface RemovedPart {
  readonly text: string
  /** It was put there by what is to be taken back too. */
  readonly isOwn: boolean
}

export class OwnText {
  /** Of the text that the walk has come to. */
  #runs: readonly Run[] = [{ isOwn: false, length: Infinity, gone: '' }]

  /**
   * Revisions come oldest first, without gaps.
   * @returns the removed text of each edit in its parts
   */
  step(edits: Edits, isTaken: boolean): RemovedPart[][] {
    const runs: Run[] = []
    const push = (isOwn: boolean, length: number): void => {
      const last = runs.at(-1)
      if (length <= 0) return
      if (last?.gone === '' && last.isOwn === isOwn) runs[runs.length - 1] = { ...last, length: last.length + length }
      else runs.push({ isOwn, length, gone: '' })
    }
    const removed: RemovedPart[][] = []
    let index = 0
    let used = 0 // of the run
    const take = (length: number, each: (isOwn: boolean, length: number) => void): void => {
      for (let left = length; left > 0;) {
        const run = this.#runs[index]
        if (run === undefined) return
        if (run.gone !== '') {
          runs.push(run)
          index++
          continue
        }
        const part = Math.min(left, run.length - used)
        each(run.isOwn, part)
        left -= part
        used += part
        if (used < run.length) return
        index++
        used = 0
      }
    }
    let at = 0
    for (const edit of edits) {
      take(edit.at - at, push)
      const parts: RemovedPart[] = []
      let within = 0
      take(edit.removed.length, (isOwn, length) => {
        const text = edit.removed.slice(within, within + length)
        parts.push({ text, isOwn })
        if (isTaken && !isOwn) runs.push({ isOwn, length: 0, gone: text })
        within += length
      })
      removed.push(parts)
      push(isTaken, edit.added.length)
      at = edit.at + edit.removed.length
    }
    take(Infinity, push)
    this.#runs = runs
    return removed
  }

  /** Text of others that was removed, each piece as it stood there. */
  get gone(): string[] {
    return this.#runs.flatMap(({ gone }) => (gone === '' ? [] : [gone]))
  }

  /** The newest text without own text, and with what was removed, each where it was: right by the letter, not by the line. */
  reverted(text: string): string {
    let rest = ''
    let from = 0
    for (const { isOwn, length, gone } of this.#runs) {
      rest += isOwn ? '' : gone + text.slice(from, from + length)
      from += length
    }
    return rest
  }

  /** Where own text stands in the newest text. */
  get standing(): Span[] {
    const spans: Span[] = []
    let from = 0
    for (const { isOwn, length } of this.#runs) {
      if (isOwn) spans.push({ from, to: from + length })
      from += length
    }
    return spans
  }
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** Where of some parts of a text the rest stands after edits. */
export function carried(spans: readonly Span[], edits: Edits): Span[] {
  const result: Span[] = []
  let shift = 0
  let next = 0
  for (const span of spans) {
    let at = span.from
    while (at < span.to) {
      const edit = edits[next]
      const end = edit === undefined ? Infinity : edit.at + edit.removed.length
      if (edit !== undefined && end <= at) {
        shift += edit.added.length - edit.removed.length
        next++
        continue
      }
      if (edit !== undefined && edit.at <= at) {
        at = Math.min(span.to, end)
        continue
      }
      const stop = Math.min(span.to, edit?.at ?? Infinity)
      result.push({ from: at + shift, to: stop + shift })
      at = stop
      if (edit !== undefined && edit.removed === '' && edit.at === stop && stop < span.to) {
        shift += edit.added.length
        next++
      }
    }
  }
  return result
}
