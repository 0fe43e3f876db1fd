/** Writes of large texts: decided beside the event loop, where the head may move meanwhile. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileHead } from '../../../protocol/files.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { decideWrite, type Decision } from '../../../server/documents/decide-write.js'
import { MERGE_ALL } from '../../../server/documents/merge-policy.js'
import { isLarge, type DecideAside, type Question } from '../../../server/documents/write-decider.js'
import { turn } from '../../support/manual-clock.js'
import { at, CLAUDE, CODEX, openStore, outcomeOf, remove, Replica, textOf, write, writing } from './harness.js'

/** Few lines, and long: too large to be merged at once, and quick all the same. */
const LARGE = Array.from({ length: 600 }, (_, i) => `line ${i} of a text ${'that is large '.repeat(35)}\n`).join('')
const edited = (line: number, word: string): string => LARGE.replace(`line ${line} of`, `${word} of`)

/** Answers when the test says so. */
class Aside {
  readonly asked: { readonly question: Question; answer: () => void; fail: () => void }[] = []

  readonly decide: DecideAside = (question) => (isLarge(question) ? this.#answered(question) : undefined)

  #answered(question: Question): Promise<Decision> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        question,
        answer: () => {
          resolve(decideWrite(question.head, question.base, question.written, question.rules))
        },
        fail: () => {
          reject(new Error('the thread is gone'))
        },
      })
    })
  }

  /** The nth question, once it is asked. */
  async question(n: number): Promise<{ readonly question: Question; answer: () => void; fail: () => void }> {
    for (;;) {
      const found = this.asked[n]
      if (found !== undefined) return found
      await turn()
    }
  }
}

/** A file of the large text, and someone who edits it live. */
async function opened(decideAside: DecideAside) {
  const { files } = openStore(undefined, { decideAside })
  const { head } = await write(files, 'a.ts', LARGE)
  const document = await files.open(at('a.ts'))
  const peer = new Replica(document)
  let edits = 0
  const editLive = async (): Promise<void> => {
    document.apply(peer.insert(0, `live ${edits++}\n`), CODEX)
    await document.live.flushed()
  }
  return { files, head, editLive, document }
}

function expectOnce(text: string | undefined, ...words: string[]): void {
  for (const word of words) expect(text?.split(word).length, word).toBe(2)
}

describe('[MERGE-12] a write of a large text', () => {
  test('is decided aside, and nothing else waits for it', async () => {
    const aside = new Aside()
    const { files, head } = await opened(aside.decide)
    const writing1 = write(files, 'a.ts', edited(300, 'WRITTEN'), head)
    const { question, answer } = await aside.question(0)
    expect(question.head.content).toMatchObject({ text: LARGE })
    await write(files, 'small.ts', 'another file\n')
    expect(await textOf(files, 'a.ts')).toBe(LARGE)
    answer()
    expect(await writing1).toMatchObject({ outcome: 'accepted', head: { rev: 2 } })
    expect(await textOf(files, 'a.ts')).toBe(edited(300, 'WRITTEN'))
    expect(aside.asked).toHaveLength(1)
  })

  test('is decided again where the head moved meanwhile', async () => {
    const aside = new Aside()
    const { files, head, editLive } = await opened(aside.decide)
    const writing1 = write(files, 'a.ts', edited(300, 'WRITTEN'), head)
    const first = await aside.question(0)
    await editLive()
    first.answer()
    const second = await aside.question(1)
    expect(second.question.head.content).toMatchObject({ text: `live 0\n${LARGE}` })
    second.answer()
    const outcome = await writing1
    expect(outcome).toMatchObject({ outcome: 'merged', head: { rev: 3 } })
    const text = await textOf(files, 'a.ts')
    expect(text).toBe(`live 0\n${edited(300, 'WRITTEN')}`)
    expect(applyEdits(edited(300, 'WRITTEN'), outcome.edits ?? [])).toBe(text)
  })

  test('whose file is deleted meanwhile brings it back, and that is on record', async () => {
    const aside = new Aside()
    const { files, head } = await opened(aside.decide)
    const writing1 = write(files, 'a.ts', edited(300, 'WRITTEN'), head)
    const first = await aside.question(0)
    await remove(files, 'a.ts', head, CODEX)
    first.answer()
    ;(await aside.question(1)).answer()
    expect(await writing1).toMatchObject({ outcome: 'conflict', head: { deleted: false } })
    expect(await textOf(files, 'a.ts')).toBe(edited(300, 'WRITTEN'))
  })

  test('keeps the head from moving when it has moved three times', async () => {
    const aside = new Aside()
    const { files, head, editLive, document } = await opened(aside.decide)
    const writing1 = write(files, 'a.ts', edited(300, 'WRITTEN'), head)
    for (let n = 0; n < 3; n++) {
      const { answer } = await aside.question(n)
      await editLive()
      answer()
    }
    const last = await aside.question(3)
    let isAnswered = false
    const writing2 = write(files, 'a.ts', edited(500, 'AFTERWARDS'), head).finally(() => (isAnswered = true))
    await turn()
    expect(document.live.held).toBeDefined()
    expect(aside.asked).toHaveLength(4)
    last.answer()
    expect((await writing1).outcome).toBe('merged')
    expect(isAnswered).toBe(false)
    ;(await aside.question(4)).answer()
    await writing2
    const text = await textOf(files, 'a.ts')
    expectOnce(text, 'WRITTEN', 'AFTERWARDS', 'live 0', 'live 1', 'live 2')
    expect(document.live.held).toBeUndefined()
  })

  test('that keeps its head is refused, to be sent again, where the document ends meanwhile', async () => {
    const aside = new Aside()
    const { files, head, editLive, document } = await opened(aside.decide)
    const command = writing('a.ts', edited(300, 'WRITTEN'), head)
    const writing1 = files.write(command, CLAUDE)
    for (let n = 0; n < 3; n++) {
      const { answer } = await aside.question(n)
      await editLive()
      answer()
    }
    const last = await aside.question(3)
    document.live.expel(new EnsembleError('E_INTERNAL', 'It broke.'))
    last.answer()
    await expect(writing1).rejects.toMatchObject({ code: 'E_INTERNAL', retry: true })
    const again = files.write(command, CLAUDE)
    ;(await aside.question(4)).answer()
    expect(await again).toMatchObject({ outcome: 'merged' })
    expectOnce(await textOf(files, 'a.ts'), 'WRITTEN', 'live 2')
  })

  test('is decided at once where nobody could decide it aside', async () => {
    const aside = new Aside()
    const { files, head } = await opened(aside.decide)
    const writing1 = write(files, 'a.ts', edited(300, 'WRITTEN'), head)
    ;(await aside.question(0)).fail()
    expect((await writing1).outcome).toBe('accepted')
    expect(aside.asked).toHaveLength(1)
  })

  test('repeated while it is decided is one write', async () => {
    const aside = new Aside()
    const { files, head } = await opened(aside.decide)
    const command = writing('a.ts', edited(300, 'WRITTEN'), head)
    const both = [files.write(command, CLAUDE), files.write(command, CLAUDE)]
    ;(await aside.question(0)).answer()
    const [one, two] = (await Promise.all(both)).map(outcomeOf)
    expect(one?.head.rev).toBe(2)
    expect(two).toEqual(one)
    expect(aside.asked).toHaveLength(1)
  })

  test('small texts are never decided aside', async () => {
    const aside = new Aside()
    const { files } = openStore(undefined, { decideAside: aside.decide })
    const { head } = await write(files, 'a.ts', 'one\ntwo\nthree\n')
    await write(files, 'a.ts', 'ONE\ntwo\nthree\n', head)
    await write(files, 'a.ts', 'one\ntwo\nTHREE\n', head)
    expect(aside.asked).toHaveLength(0)
  })

  test('many at once, with live edits between, lose nothing and write nothing twice, in whatever order they are answered', async () => {
    const step = fc.constantFrom('write', 'write', 'live', 'answer' as const)
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 2, maxLength: 8 }), async (scheduler, steps) => {
        const decide = async ({ head, base, written }: Question): Promise<Decision> =>
          await scheduler.schedule(Promise.resolve(decideWrite(head, base, written, MERGE_ALL)))
        const { files, head, editLive } = await opened(decide)
        const known: FileHead = head
        const writes: Promise<unknown>[] = []
        let live = 0
        for (const kind of steps) {
          if (kind === 'write') {
            const n = writes.length
            writes.push(write(files, 'a.ts', edited(50 * (n + 1), `WRITTEN${n}`), known))
          } else if (kind === 'live') {
            await editLive()
            live++
          } else if (scheduler.count() > 0) await scheduler.waitNext(1)
        }
        await scheduler.waitFor(Promise.all(writes))
        const text = await textOf(files, 'a.ts')
        expectOnce(
          text,
          ...writes.map((_, n) => `WRITTEN${n} `),
          ...Array.from({ length: live }, (_, n) => `live ${n}\n`),
        )
      }),
      { numRuns: 12 },
    )
  })
})
