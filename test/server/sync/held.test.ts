/** Large texts that a peer brings back: they are decided beside the event loop, and their document is held meanwhile. */
import { beforeEach, describe, expect, test } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import { decideWrite, type Decision } from '../../../server/documents/decide-write.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import type { Question } from '../../../server/documents/write-decider.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { stillTime, turn } from '../../support/manual-clock.js'
import { at, by, CLAUDE, CODEX, openStore, write } from '../documents/harness.js'
import { StockPeer } from './stock-peer.js'

const GEMINI = by('GEMINI-c')
const defer = (run: () => void): void => void setImmediate(run)

interface Asked {
  readonly question: Question
  readonly answer: () => void
  readonly fail: () => void
}

/** What was asked elsewhere, and not answered yet. */
let asked: Asked[]
const decideAside = (question: Question): Promise<Decision> =>
  new Promise((resolve, reject) => {
    asked.push({
      question,
      answer: () => {
        resolve(decideWrite(question.head, question.base, question.written, question.rules))
      },
      fail: () => {
        reject(new Error('the thread is gone'))
      },
    })
  })

function open() {
  const storage = new FailingStorage()
  const store = openStore(storage, { decideAside })
  const free = new FreeDocuments({ storage, queue: store.queue, serverClient: 9, defer })
  return { ...store, rooms: new Rooms({ files: store.files, free, defer, ...stillTime() }) }
}

let server: ReturnType<typeof open>
let document: FileDocument
let away: StockPeer
let other: StockPeer
beforeEach(() => {
  asked = []
  server = open()
  away = new StockPeer(11, CODEX)
  other = new StockPeer(12, GEMINI)
})

/** What is under way arrives, and what follows from it at once. */
async function pass(...peers: StockPeer[]): Promise<void> {
  for (let n = 0; n < 8; n++) {
    for (const peer of peers) {
      while (peer.hasPost) peer.give()
      while (peer.hasMail) peer.take()
    }
    await turn()
  }
}

async function whenAsked(): Promise<Asked> {
  for (;;) {
    const [one] = asked.splice(0)
    if (one !== undefined) return one
    await turn()
  }
}

/**
 * A peer comes back with a line of its own, and what it brings is being decided.
 * @param slow is there from the start, and takes nothing of what comes then
 */
async function heldRejoin(...slow: StockPeer[]): Promise<void> {
  const { head } = await write(server.files, 'a.ts', 'one\ntwo\nthree\n')
  document = await server.files.open(at('a.ts'))
  await away.connect(server.rooms, 'a.ts')
  await other.connect(server.rooms, 'a.ts')
  for (const peer of slow) await peer.connect(server.rooms, 'a.ts')
  await pass(away, other, ...slow)
  away.cut()
  away.text.delete(0, 3)
  away.text.insert(0, 'ONE')
  const writing = write(server.files, 'a.ts', 'one\ntwo\n3\n', head)
  ;(await whenAsked()).answer()
  await writing
  await pass(other)
  await away.connect(server.rooms, 'a.ts')
  await pass(away, other)
}

describe('[MERGE-12] a large text that a peer brings back', () => {
  test('is decided elsewhere; until then nobody sees it, and nothing is stored', async () => {
    await heldRejoin()
    expect(server.files.documentStates).toEqual({ held: 1, unsaved: 0, live: 0, idle: 0 })
    expect(other.text.toJSON()).toBe('one\ntwo\n3\n')
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 2, author: CLAUDE })
    const { question, answer } = await whenAsked()
    expect(question.written.content).toMatchObject({ text: 'ONE\ntwo\nthree\n' })
    answer()
    await pass(away, other)
    expect(server.files.documentStates).toEqual({ held: 0, unsaved: 0, live: 1, idle: 0 })
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 3, author: CODEX })
    for (const peer of [away, other]) expect(peer.text.toJSON()).toBe('ONE\ntwo\n3\n')
  })

  test('is decided at once where nobody can decide it elsewhere', async () => {
    await heldRejoin()
    ;(await whenAsked()).fail()
    await pass(away, other)
    for (const peer of [away, other]) expect(peer.text.toJSON()).toBe('ONE\ntwo\n3\n')
  })

  test('makes what others do with the file wait, each in its turn: keystrokes, joins, writes, reads', async () => {
    await heldRejoin()
    other.text.insert(other.text.length, 'four\n')
    const late = new StockPeer(13, GEMINI)
    await late.connect(server.rooms, 'a.ts')
    const { id } = server.files.head(at('a.ts')) ?? { id: undefined }
    if (id === undefined) throw new Error('the file is gone')
    const seen: string[] = []
    void server.files.peek(id).then((found) => {
      seen.push(found?.content.kind === 'text' ? found.content.text : '')
    })
    await pass(away, other, late)
    expect(late.text.toJSON()).toBe('')
    expect(seen).toEqual([])
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 2 })
    ;(await whenAsked()).answer()
    await pass(away, other, late)
    expect(seen).toEqual(['ONE\ntwo\n3\nfour\n'])
    for (const peer of [away, other, late]) expect(peer.text.toJSON()).toBe('ONE\ntwo\n3\nfour\n')
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 4, author: GEMINI })
  })

  test('[SYNC-16] who typed meanwhile had not seen what reached it only then', async () => {
    const slow = new StockPeer(13, GEMINI)
    await heldRejoin(slow)
    slow.type('one\ntwo\ndrei\n')
    slow.give()
    await pass(slow)
    ;(await whenAsked()).answer()
    await pass()
    for (const { answer } of asked.splice(0)) answer()
    await pass(away, other, slow)
    for (const peer of [away, other, slow]) expect(peer.text.toJSON()).toBe('ONE\ntwo\n3\n')
    expect(server.files.openConflicts).toMatchObject([{ ours: '3\n', theirs: 'drei\n' }])
  })

  test('and what somebody typed meanwhile, and left: that comes in all the same', async () => {
    await heldRejoin()
    other.text.insert(other.text.length, 'four\n')
    await pass(other)
    other.cut()
    away.cut()
    ;(await whenAsked()).answer()
    await pass()
    expect(document.text).toBe('ONE\ntwo\n3\nfour\n')
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 4, author: GEMINI })
  })

  test('is forgotten where the document ends first: what its peer brings again is all there is of it', async () => {
    await heldRejoin()
    document.live.expel(new EnsembleError('E_INTERNAL', 'It broke.'))
    ;(await whenAsked()).answer()
    await pass()
    expect(document.live.settled).toBe(true)
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 2 })
    const again = new StockPeer(14, CODEX)
    again.load(away.doc)
    await again.connect(server.rooms, 'a.ts')
    await pass(again)
    expect(again.text.toJSON()).toBe('ONE\ntwo\n3\n')
    expect(server.files.head(at('a.ts'))).toMatchObject({ rev: 3, author: CODEX })
  })

  test('[SYNC-3] it stays in memory as long as something waits for it', async () => {
    await heldRejoin()
    const settled: boolean[] = []
    for (let n = 0; n < 2; n++) document.live.whenFree(() => settled.push(document.live.settled), 1)
    document.live.expel(new EnsembleError('E_INTERNAL', 'It broke.'))
    ;(await whenAsked()).answer()
    await pass()
    expect(settled).toEqual([false, true])
  })

  test('[SYNC-7] what waits for it is bounded', async () => {
    await heldRejoin()
    const half = 25 * 1024 * 1024
    document.live.whenFree(() => undefined, half)
    expect(() => {
      document.live.whenFree(() => undefined, half)
    }).toThrow(expect.objectContaining({ code: 'E_LIMIT', retry: true }))
    ;(await whenAsked()).answer()
    await pass(away, other)
    for (const peer of [away, other]) expect(peer.text.toJSON()).toBe('ONE\ntwo\n3\n')
  })
})
