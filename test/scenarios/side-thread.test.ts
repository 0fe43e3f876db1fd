/** The thread that decides about large texts, from the built program. */
import { afterEach, describe, expect, it } from 'vitest'
import { applyEdits } from '../../protocol/text/edits.js'
import { decideWrite, type Decision } from '../../server/documents/decide-write.js'
import { MERGE_ALL } from '../../server/documents/merge-policy.js'
import type { Question } from '../../server/documents/write-decider.js'
import { SideThread } from '../../server/side-thread.js'
import type { SymbolsQuestion, SymbolTable } from '../../server/symbols/parse.js'
import { ManualClock } from '../support/manual-clock.js'

const SCRIPT = new URL('../../dist/server/documents/merge-thread.js', import.meta.url)

let worker: SideThread<Question, Decision> | undefined
afterEach(async () => {
  await worker?.close()
})
function open(script = SCRIPT): { readonly worker: SideThread<Question, Decision>; readonly clock: ManualClock } {
  const clock = new ManualClock()
  worker = new SideThread({ script, task: 'merges large texts', timers: clock.timers })
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
    const decisions = await Promise.all(asked.map((one) => worker.ask(one)))
    decisions.forEach((decision, n) => {
      const { head, base, written, rules } = asked[n]!
      const { fromHead = [], ...rest } = decision
      expect(rest).toEqual(decideWrite(head, base, written, rules))
      expect(decision.result.content).toMatchObject({ text: applyEdits('ONE\ntwo\nthree\n', fromHead) })
    })
  })

  it('ends after a minute without questions, and begins again with the next', async () => {
    const { worker, clock } = open()
    await worker.ask(question('THREE'))
    await clock.advance(60_000)
    expect((await worker.ask(question('DREI'))).outcome).toBe('merged')
  })

  it('that fails rejects what it was asked, and the next question starts another', async () => {
    const { worker } = open(new URL('data:text/javascript,throw new Error("no")'))
    const failed = { code: 'E_INTERNAL', message: 'The thread that merges large texts failed.' }
    await expect(Promise.all([worker.ask(question('A1')), worker.ask(question('B1'))])).rejects.toMatchObject(failed)
    await expect(worker.ask(question('C1'))).rejects.toMatchObject(failed)
  })

  it('rejects what it was asked when it is closed, and whatever comes later', async () => {
    const { worker } = open(new URL('data:text/javascript,setInterval(() => undefined, 1000)'))
    const waiting = expect(worker.ask(question('A1'))).rejects.toMatchObject({ code: 'E_STOPPING' })
    await worker.close()
    await waiting
    await expect(worker.ask(question('B1'))).rejects.toMatchObject({ code: 'E_STOPPING' })
  })
})

describe('the thread that reads symbols', () => {
  const SYMBOLS = new URL('../../dist/server/symbols/symbols-thread.js', import.meta.url)
  const ask = async (thread: SideThread<SymbolsQuestion, SymbolTable>, path: string, text: string) =>
    (await thread.ask({ path, text, before: null })).symbols.map(({ name }) => name)

  it('loads each grammar once it is asked for it', async () => {
    const thread = new SideThread<SymbolsQuestion, SymbolTable>({
      ...{ script: SYMBOLS, task: 'reads symbols', timers: new ManualClock().timers },
    })
    try {
      expect(await ask(thread, 'a.ts', 'class A {\n  b() {}\n}\n')).toEqual(['A', 'A.b'])
      expect(await ask(thread, 'a.go', 'package a\nfunc F() {}\n')).toEqual(['F'])
      expect(await ask(thread, 'b.ts', 'const c = () => 1\n')).toEqual(['c'])
    } finally {
      await thread.close()
    }
  })
})
