import { beforeEach, describe, expect, test } from 'vitest'
import type { Conflict } from '../../../protocol/conflicts.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { stillTime, turn } from '../../support/manual-clock.js'
import { at, by, CLAUDE, CODEX, openStore, remove, textOf, write, type Opened } from '../documents/harness.js'
import { StockPeer } from './stock-peer.js'

const GEMINI = by('GEMINI-c')

function open(storage = new FailingStorage()) {
  const store = openStore(storage)
  const defer = (run: () => void): void => void setImmediate(run)
  const free = new FreeDocuments({ storage, queue: store.queue, serverClient: 9, defer })
  return { ...store, rooms: new Rooms({ files: store.files, free, defer, ...stillTime() }) }
}

let server: Opened & { readonly rooms: Rooms }
let one: StockPeer
let two: StockPeer
beforeEach(() => {
  server = open()
  one = new StockPeer(11, CODEX)
  two = new StockPeer(12, GEMINI)
})

/** Everything that is under way arrives, and what follows from it. */
async function settle(...peers: StockPeer[]): Promise<void> {
  do {
    for (const peer of peers) {
      while (peer.hasPost) peer.give()
      while (peer.hasMail) peer.take()
    }
    await turn()
    await turn()
  } while (peers.some((peer) => peer.hasMail || peer.hasPost))
}

async function begin(text: string): Promise<void> {
  await write(server.files, 'a.ts', text)
  await one.connect(server.rooms, 'a.ts')
  await two.connect(server.rooms, 'a.ts')
  await settle(one, two)
}

/** Puts `added` in place of `removed`, as an editor does. */
function replace(peer: StockPeer, removed: string, added: string): void {
  const from = peer.text.toJSON().indexOf(removed)
  peer.doc.transact(() => {
    if (removed !== '') peer.text.delete(from, removed.length)
    if (added !== '') peer.text.insert(from, added)
  })
}

function insert(peer: StockPeer, before: string, text: string): void {
  peer.text.insert(peer.text.toJSON().indexOf(before), text)
}

async function expectEverywhere(text: string): Promise<void> {
  await settle(one, two)
  expect([one.text.toJSON(), two.text.toJSON(), await textOf(server.files, 'a.ts')]).toEqual([text, text, text])
}

const overlaps = (): Partial<Conflict>[] => [...server.files.openConflicts]

describe('what two type at once', () => {
  test('[SYNC-18] carets side by side, in one word too, stay ordinary editing', async () => {
    await begin('const port = 80\n')
    for (const n of ['1', '2', '3']) {
      insert(one, ' = 80', n)
      insert(two, ' = 80', 'abc'.charAt(Number(n) - 1))
      one.give() // neither has heard of the other
      two.give()
    }
    await settle(one, two)
    const text = one.text.toJSON()
    expect(text.length).toBe('const port = 80\n'.length + 6)
    expect(text).toMatch(/^const port[a-c1-3]{6} = 80\n$/)
    await expectEverywhere(text)
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-18] two who delete in one word delete what either did, and nobody is in conflict', async () => {
    await begin('one word two\n')
    replace(one, 'ord', '')
    for (let n = 0; n < 2; n++) two.text.delete(5 - n, 1)
    await expectEverywhere('one  two\n')
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-18, CONFLICT-14] a word that one replaced and the other wrote into: the first stays, the other is on record', async () => {
    await begin('const port = 80\nconst host\n')
    insert(one, 't = 80', 'X')
    replace(two, 'port', 'door')
    one.give()
    await turn()
    two.give()
    await expectEverywhere('const porXt = 80\nconst host\n')
    expect(overlaps()).toMatchObject([
      {
        ...{ reason: 'overlap', authors: { ours: CODEX, theirs: GEMINI }, writeId: null, baseRev: 1 },
        ...{ base: 'const port = 80\n', ours: 'const porXt = 80\n', theirs: 'const door = 80\n' },
      },
    ])
    const told = server.commits.flatMap(({ events }) => events).filter(({ type }) => type === 'conflict:raised')
    expect(told).toMatchObject([{ data: { ours: CODEX, theirs: GEMINI, file: 'a.ts', preview: 'const door = 80' } }])
  })

  test('[SYNC-18] what else was in such an update goes in', async () => {
    await begin('const port = 80\nmiddle\nconst host\n')
    insert(one, 't = 80', 'X')
    two.doc.transact(() => {
      replace(two, 'port', 'door')
      replace(two, 'host', 'name')
    })
    one.give()
    await turn()
    two.give()
    await expectEverywhere('const porXt = 80\nmiddle\nconst name\n')
    expect(overlaps()).toHaveLength(1)
  })

  test('[SYNC-18] the very same change by both stands once', async () => {
    await begin('port = 1000\n')
    replace(one, '1000', '5000')
    replace(two, '1000', '5000')
    one.give()
    two.give()
    await expectEverywhere('port = 5000\n')
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-18] the very same character by both stands twice: two who type', async () => {
    await begin('one\n')
    insert(one, 'one', 'x')
    insert(two, 'one', 'x')
    await expectEverywhere('xxone\n')
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-16] what a peer has confirmed is no overlap: who saw a change may replace it', async () => {
    await begin('port = 80\n')
    replace(one, '80', '8080')
    await settle(one, two)
    replace(two, '8080', '9999')
    await expectEverywhere('port = 9999\n')
    replace(one, 'port = 9999', 'host')
    await expectEverywhere('host\n')
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-18] a whole-file write that is under way to a peer counts as another’s change does', async () => {
    await begin('port = 80\n')
    const head = server.files.head(at('a.ts')) ?? null
    replace(two, '80', '9999')
    await write(server.files, 'a.ts', 'port = 8080\n', head, CLAUDE)
    await expectEverywhere('port = 8080\n')
    expect(overlaps()).toMatchObject([{ theirs: 'port = 9999\n', authors: { ours: CLAUDE, theirs: GEMINI } }])
  })

  test('[CONFLICT-15] who types on in what is held adds to the same record, offline too', async () => {
    await begin('first\nhello\nlast\n')
    replace(one, 'hello\n', '')
    one.give()
    await turn()
    insert(two, 'llo', 'x')
    two.give()
    await turn()
    insert(two, 'llo', 'y')
    two.give()
    await turn()
    expect(overlaps()).toMatchObject([{ ours: '', theirs: 'hexyllo\n' }])
    two.cut()
    insert(two, 'llo', 'z')
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('first\nlast\n')
    expect(overlaps()).toMatchObject([{ base: 'hello\n', ours: '', theirs: 'hexyzllo\n' }])
    expect(overlaps()).toHaveLength(1)
  })

  test('[CONFLICT-15] the same words held in two places are two records, whichever of them is typed on in', async () => {
    await begin('a\nmiddle\na\n')
    two.doc.transact(() => {
      two.text.delete(9, 1)
      two.text.insert(9, 'held')
      two.text.delete(0, 1)
      two.text.insert(0, 'held')
    })
    one.doc.transact(() => {
      one.text.delete(9, 1)
      one.text.insert(9, 'b')
      one.text.delete(0, 1)
      one.text.insert(0, 'b')
    })
    one.give()
    await turn()
    two.give()
    await turn()
    expect(overlaps()).toMatchObject([{ theirs: 'held\n' }, { theirs: 'held\n' }])
    two.text.insert(two.text.toJSON().lastIndexOf('eld'), 'X')
    two.give()
    await turn()
    expect(overlaps()).toMatchObject([
      { theirs: 'held\n', stands: { at: 0 } },
      { theirs: 'hXeld\n', stands: { at: 9 } },
    ])
    await expectEverywhere('b\nmiddle\nb\n')
  })
})

describe('a peer that comes back', () => {
  test('[SYNC-17] after a restart of the server it is merged as a text, with its own store behind it', async () => {
    const storage = new FailingStorage()
    server = open(storage)
    await begin('one\ntwo\nthree\n')
    two.cut()
    replace(two, 'two', 'TWO')
    insert(two, 'three', 'between\n')
    replace(one, 'two', '2')
    replace(one, 'one', 'ONE')
    await settle(one)
    one.cut()
    server = open(storage)
    const page = new StockPeer(13, GEMINI) // the page was loaded anew, from what the browser had kept
    page.load(two.doc)
    two = page
    await one.connect(server.rooms, 'a.ts')
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('ONE\n2\nthree\n')
    expect(overlaps()).toMatchObject([{ base: 'one\ntwo\n', ours: 'ONE\n2\n', theirs: 'one\nTWO\nbetween\n' }])
  })

  test('[SYNC-17] what it brings is one revision of its own, with the conflict in the same commit', async () => {
    await begin('one\ntwo\nthree\nfour\n')
    two.cut()
    replace(two, 'one', 'ONE')
    replace(two, 'four', 'FOUR')
    replace(one, 'one', '1')
    await settle(one)
    const before = server.commits.length
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('1\ntwo\nthree\nFOUR\n')
    const commits = server.commits.slice(before)
    expect(commits).toMatchObject([
      { revised: true, head: { rev: 3, author: GEMINI }, conflicts: [{ theirs: 'ONE\n' }] },
    ])
  })

  test('[SYNC-16] a line that both deleted, and in whose place it wrote, is told from one whose deletion it had seen', async () => {
    await begin('one\ntwo\nthree\n')
    replace(one, 'two\n', '')
    await settle(one, two)
    two.cut()
    insert(two, 'three', 'seen\n')
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\nseen\nthree\n')
    expect(overlaps()).toEqual([])
    two.cut()
    replace(two, 'seen\n', 'unseen\n')
    replace(one, 'seen\n', '')
    await settle(one)
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\nthree\n')
    expect(overlaps()).toMatchObject([{ base: 'seen\n', ours: '', theirs: 'unseen\n' }])
  })

  test('[SYNC-16] what another brought of it, and has seen since, it has not seen itself', async () => {
    await begin('one\ntwo\nthree\n')
    for (const peer of [one, two]) peer.cut()
    insert(two, 'one', 'early\n')
    one.load(two.doc)
    await one.connect(server.rooms, 'a.ts')
    await settle(one)
    replace(one, 'two\n', '')
    await settle(one)
    one.cut()
    replace(two, 'two\n', 'unseen\n')
    for (const peer of [one, two]) await peer.connect(server.rooms, 'a.ts')
    await expectEverywhere('early\none\nthree\n')
    expect(overlaps()).toMatchObject([{ base: 'two\n', ours: '', theirs: 'unseen\n' }])
  })

  test('[SYNC-16] a connection that breaks before it is confirmed makes nobody forget what the peer had seen', async () => {
    const storage = new FailingStorage()
    server = open(storage)
    await begin('one\ntwo\nthree\n')
    replace(one, 'two\n', '')
    await settle(one, two)
    const breaks = async (): Promise<void> => {
      await two.connect(server.rooms, 'a.ts')
      while (two.hasPost) two.give()
      await turn()
      await turn()
      two.cut()
    }
    two.cut()
    await breaks()
    insert(two, 'three', 'seen\n')
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\nseen\nthree\n')
    expect(overlaps()).toEqual([])
    for (const peer of [one, two]) peer.cut()
    server = open(storage) // which remembers nobody
    await breaks()
    insert(two, 'seen', 'known\n')
    for (const peer of [one, two]) await peer.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\nknown\nseen\nthree\n')
    expect(overlaps()).toEqual([])
  })

  test('[SYNC-17] what it took out and put back as it was changes nothing: a deletion that it did not know of stands', async () => {
    await begin('one\nword\ntwo\n')
    two.cut()
    replace(two, 'word', 'other')
    replace(two, 'other', 'word')
    replace(one, 'word\n', '')
    await settle(one)
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\ntwo\n')
    two.cut()
    replace(two, 'one', 'other')
    replace(two, 'other', 'one')
    const head = server.files.head(at('a.ts'))
    if (head === undefined) throw new Error('there is no file')
    await remove(server.files, 'a.ts', head)
    await two.connect(server.rooms, 'a.ts')
    await settle(one, two)
    expect([one.text.toJSON(), two.text.toJSON(), server.files.head(at('a.ts'))?.deleted]).toEqual(['', '', true])
    expect(overlaps()).toEqual([])
  })

  test('[CONFLICT-5] its edit of a file that was deleted meanwhile brings the file back, after a restart too', async () => {
    const storage = new FailingStorage()
    server = open(storage)
    await begin('one\ntwo\n')
    for (const peer of [one, two]) peer.cut()
    replace(two, 'two', 'TWO')
    const head = server.files.head(at('a.ts'))
    if (head === undefined) throw new Error('there is no file')
    await remove(server.files, 'a.ts', head)
    server = open(storage)
    await one.connect(server.rooms, 'a.ts')
    await two.connect(server.rooms, 'a.ts')
    await expectEverywhere('one\nTWO\n')
    expect(overlaps()).toMatchObject([{ reason: 'delete', authors: { ours: GEMINI, theirs: CLAUDE } }])
  })
})
