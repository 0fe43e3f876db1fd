/** The door of all writes: each write id is carried out once, and so many at a time as there is room for. */
import type { WriteResult } from '../../protocol/files.js'
import type { WriteId } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import { Admission } from './admission.js'
import { answerInTime } from './patience.js'
import { idUsedTwice, type Asked, type WriteOutcomes } from './write-outcomes.js'

/** Of what follows from writes that are under way, in bytes: edits, texts, updates and records, in memory until stored. */
const ADMITTED_BYTES = 64 * 1024 * 1024

interface Writing {
  readonly fingerprint: string
  readonly result: Promise<WriteResult>
}

export class WriteDoor {
  readonly #queue: CommitQueue
  readonly #outcomes: WriteOutcomes
  readonly #admission = new Admission(ADMITTED_BYTES)
  readonly #underWay = new Map<WriteId, Writing>()

  constructor(queue: CommitQueue, outcomes: WriteOutcomes) {
    this.#queue = queue
    this.#outcomes = outcomes
    queue.onState((state) => {
      if (state !== 'ok') this.#admission.refuse(state.degraded)
    })
  }

  /**
   * Whoever repeats a write id gets the outcome of the first time.
   * @param bytes at most what may be stored of it
   * @throws EnsembleError E_BAD_REQUEST: the id belongs to another write; E_STORAGE_DEGRADED, E_STORAGE_FULL
   */
  within(asked: Asked, bytes: number, act: () => Promise<WriteResult>): Promise<WriteResult> {
    const { writeId, fingerprint } = asked
    const underWay = this.#underWay.get(writeId)
    if (underWay !== undefined && underWay.fingerprint !== fingerprint) return Promise.reject(idUsedTwice(asked))
    const result = underWay?.result ?? this.#admission.within(bytes, () => this.#carryOut(asked, act))
    if (underWay === undefined) {
      this.#underWay.set(writeId, { fingerprint, result })
      const done = (): void => void this.#underWay.delete(writeId)
      result.then(done, done)
    }
    return answerInTime(this.#queue, result, writeId)
  }

  async #carryOut(asked: Asked, act: () => Promise<WriteResult>): Promise<WriteResult> {
    if (this.#queue.state !== 'ok') throw this.#queue.state.degraded
    return this.#outcomes.get(asked) ?? (await act())
  }
}
