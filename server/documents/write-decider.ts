/**
 * Decides one write, and keeps the event loop free of long work.
 *
 * 1. A write of small texts is decided at once, in the step that asks.
 * 2. A write of large ones is decided elsewhere. The answer counts only for the very question that was asked: whoever asks
 *    again, with a head that moved meanwhile, is sent away again.
 * 3. A head that moves each time does not hold up a write for ever: after MAX_TRIES it is decided at once, however long
 *    that takes. So it is where nobody decides elsewhere, or where that failed.
 */
import { decideWrite, type Decision, type Incumbent, type Version } from './decide-write.js'
import type { Rules } from '../../protocol/text/decide.js'
import { sameContent } from './content.js'
import { sameRules } from './merge-policy.js'

/** All that a decision depends on. */
export interface Question {
  readonly head: Incumbent
  /** Null: the writer knew of no such file. */
  readonly base: Version | null
  readonly written: Version
  /** Which soft overlaps are merged. */
  readonly rules: Rules
}

/** Rejects where it cannot decide. */
export type DecideAside = (question: Question) => Promise<Decision>

/** Texts above this are decided elsewhere: to merge them may take longer than 50 ms. In UTF-16 code units. */
const MAX_AT_ONCE = 256 * 1024
const MAX_TRIES = 3

/** One for each write. */
export class WriteDecider {
  readonly #aside: DecideAside | undefined
  #answered: { readonly question: Question; readonly decision: Decision } | undefined
  #tries = 0

  constructor(aside: DecideAside | undefined) {
    this.#aside = aside
  }

  /** A promise: ask again, in one step with what is done then, when it has resolved. It never rejects. */
  decide(question: Question): Decision | Promise<void> {
    const atOnce = (): Decision => decideWrite(question.head, question.base, question.written, question.rules)
    if (this.#aside === undefined || !isLarge(question)) return atOnce()
    if (this.#answered !== undefined && isSame(this.#answered.question, question)) return this.#answered.decision
    if (this.#tries >= MAX_TRIES) return atOnce()
    this.#tries++
    return this.#aside(question).then(
      (decision) => {
        this.#answered = { question, decision }
      },
      () => {
        this.#tries = MAX_TRIES
      },
    )
  }
}

function isLarge({ head, base, written }: Question): boolean {
  return [head, base, written].some(
    (version) => version?.content.kind === 'text' && version.content.text.length > MAX_AT_ONCE,
  )
}

function isSame(one: Question, two: Question): boolean {
  return (
    sameRules(one.rules, two.rules) &&
    one.head.deleted === two.head.deleted &&
    isSameVersion(one.head, two.head) &&
    isSameVersion(one.base, two.base) &&
    isSameVersion(one.written, two.written)
  )
}

function isSameVersion(one: Version | null, two: Version | null): boolean {
  if (one === null || two === null) return one === two
  return one.executable === two.executable && sameContent(one.content, two.content)
}
