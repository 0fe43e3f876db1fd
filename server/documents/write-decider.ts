/**
 * Decides one write, and keeps the event loop free of long work.
 *
 * 1. A write of small texts is decided at once, in the step that asks.
 * 2. A write of large ones is decided elsewhere. The answer counts only for the very question that was asked: whoever asks
 *    again, with a head that moved meanwhile, is sent away again.
 * 3. A head that moves each time does not hold up a write for ever: from MAX_TRIES on it is to be kept from moving.
 * 4. Where nobody decides elsewhere, or where that failed, it is decided at once, however long that takes.
 */
import { decideWrite, type Decision, type Incumbent, type Version } from './decide-write.js'
import type { Rules } from '../../protocol/text/decide.js'
import { sameContent } from './content.js'
import { sameRules } from './merge-policy.js'

/** What is to be decided. */
export interface Question {
  readonly head: Incumbent
  /** Null: the writer knew of no such file. */
  readonly base: Version | null
  readonly written: Version
  /** Which soft overlaps are merged. */
  readonly rules: Rules
  /** The text that the result is put into, where that is not the head's. */
  readonly into?: string
}

/** Undefined: that is to be decided at once. Rejects where it cannot decide. */
export type DecideAside = (question: Question) => Promise<Decision> | undefined

/** Texts above this are large: to merge them may take longer than 50 ms. In UTF-16 code units. */
const MAX_AT_ONCE = 256 * 1024
const MAX_TRIES = 4

/** Decides at once, or elsewhere; a promise of that never rejects. */
export function decide(question: Question, aside: DecideAside | undefined): Decision | Promise<Decision> {
  const { head, base, written, rules } = question
  const atOnce = (): Decision => decideWrite(head, base, written, rules)
  return aside?.(question)?.catch(atOnce) ?? atOnce()
}

/** One for each write. */
export class WriteDecider {
  readonly #aside: DecideAside | undefined
  #answered: { readonly question: Question; readonly decision: Decision } | undefined
  #tries = 0
  #isAlone = false

  constructor(aside: DecideAside | undefined) {
    this.#aside = aside
  }

  /** Whether the head is to stay as it is until the answer has come. */
  get isLast(): boolean {
    return this.#tries >= MAX_TRIES
  }

  /** A promise: ask again, in one step with what is done then, when it has resolved. It never rejects. */
  decide(question: Question): Decision | Promise<void> {
    const atOnce = (): Decision => decideWrite(question.head, question.base, question.written, question.rules)
    if (this.#answered !== undefined && isSame(this.#answered.question, question)) return this.#answered.decision
    const answering = this.#isAlone ? undefined : this.#aside?.(question)
    if (answering === undefined) return atOnce()
    this.#tries++
    return answering.then(
      (decision) => {
        this.#answered = { question, decision }
      },
      () => {
        this.#isAlone = true
      },
    )
  }
}

export function isLarge({ head, base, written }: Question): boolean {
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
