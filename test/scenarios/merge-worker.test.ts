/** The thread that decides about large texts, from the built program. */
import { afterEach, describe, expect, it } from 'vitest'
import { applyEdits } from '../../protocol/text/edits.js'
import { decideWrite } from '../../server/documents/decide-write.js'
import { MergeWorker } from '../../server/documents/merge-worker.js'
import { MERGE_ALL } from '../../server/documents/merge-policy.js'
import type { Question } from '../../server/documents/write-decider.js'
import { ManualClock } from '../support/manual-clock.js'

const SCRIPT = new URL('../../dist/server/documents/merge-thread.js', import.meta.url)

let worker: MergeWorker | undefined
afterEach(async () => {
  await worker?.close()
})
function open(script = SCRIPT): { readonly worker: MergeWorker; readonly clock: ManualClock } {
  const clock = new ManualClock()
  worker = new MergeWorker({ script, timers: clock.timers })
  return { worker, clock }
}

const version = (text: string) =>
  ({ content: { kind: 'text', text, bom: false, eol: 'lf' }, executable: false }) as const
const question = (word: string): Question => ({
  head: { ...version('ONE\ntwo\nthree\n'), deleted: false },
  base: version('one\ntwo\nthree\n'),
  written: version(`one\ntwo\n${word}\n`),
  rules: MERGE_ALL,
})

describe('the merge thread', () => {
  it('decides as the event loop would, and says how the head becomes the result', async () => {
    const { worker } = open()
    const asked = [question('THREE'), question('DREI')]
    const decisions = await Promise.all(asked.map((one) => worker.decide(one)))
    decisions.forEach((decision, n) => {
      const { head, base, written, rules } = asked[n]!
      const { fromHead = [], ...rest } = decision
      expect(rest).toEqual(decideWrite(head, base, written, rules))
      expect(decision.result.content).toMatchObject({ text: applyEdits('ONE\ntwo\nthree\n', fromHead) })
    })
  })

  it('ends after a minute without questions, and begins again with the next', async () => {
    const { worker, clock } = open()
    await worker.decide(question('THREE'))
    await clock.advance(60_000)
    expect((await worker.decide(question('DREI'))).outcome).toBe('merged')
  })

  it('that fails rejects what it was asked, and the next question starts another', async () => {
    const { worker } = open(new URL('data:text/javascript,throw new Error("no")'))
    const failed = { code: 'E_INTERNAL', message: 'The thread that merges large texts failed.' }
    await expect(Promise.all([worker.decide(question('A1')), worker.decide(question('B1'))])).rejects.toMatchObject(
      failed,
    )
    await expect(worker.decide(question('C1'))).rejects.toMatchObject(failed)
  })

  it('rejects what it was asked when it is closed, and whatever comes later', async () => {
    const { worker } = open(new URL('data:text/javascript,setInterval(() => undefined, 1000)'))
    const waiting = expect(worker.decide(question('A1'))).rejects.toMatchObject({ code: 'E_STOPPING' })
    await worker.close()
    await waiting
    await expect(worker.decide(question('B1'))).rejects.toMatchObject({ code: 'E_STOPPING' })
  })
})
