/**
 * A workspace under random load: whole-file writes upon old bases, live edits of several peers, deletions, bytes, decisions
 * on conflicts, kills and a failing disk, all interleaved by a seed. Each line that anybody puts in carries a marker of its
 * own, so that nothing can be lost or doubled unseen.
 *
 * A seed that fails stands in the name of its test; `SEEDS=1,2,3` runs those instead of new ones. The faults that it found
 * are tests of their own in file-document.test.ts and file-store.test.ts.
 */
import { randomInt } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { isOfLines, type Conflict } from '../../../protocol/conflicts.js'
import type {
  DeleteCommand,
  FileHead,
  RenameCommand,
  WriteBase,
  WriteCommand,
  WriteOutcome,
} from '../../../protocol/files.js'
import type { Author, FileId } from '../../../protocol/ids.js'
import type { RevisionEntry } from '../../../protocol/revisions.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { bytesOf, hashOf } from '../../../server/documents/content.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import { FileJournal } from '../../../server/documents/file-journal.js'
import type { FileCommit } from '../../../server/documents/ledger.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Storage } from '../../../server/storage/storage.js'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { Fence } from '../../support/fence.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { randomFrom, type Random } from '../../support/random.js'
import { asBytes, at, by, CLAUDE, CODEX, openStore, Replica, resetIds, writing, type Opened } from './harness.js'

const PATHS = ['a.ts', 'b.ts', 'c.ts']
const AUTHORS: readonly Author[] = [CLAUDE, CODEX, by('PEER')]
const STEPS = 150

/** One server process: its store, its disk, and the end of both. */
class Process {
  readonly storage: FailingStorage
  readonly store: Opened
  readonly killed: Promise<never>
  readonly #fence: Fence
  #reject: (error: Error) => void = () => undefined

  constructor(medium: Storage, clock: ManualClock) {
    this.#fence = new Fence(medium)
    this.storage = new FailingStorage(this.#fence)
    this.store = openStore(this.storage, { clock })
    this.killed = new Promise<never>((_, reject) => (this.#reject = reject))
    this.killed.catch(() => undefined)
  }

  kill(): void {
    this.#fence.isDead = true
    this.#reject(new Error('killed'))
  }
}

/** A live peer of one document, as a stock provider is: it hears what is committed, and sends again after a break. */
class Peer {
  replica = new Replica()
  /** Texts of files that are elsewhere now, and that the server refused to take for the one that is here (rule DOC-5). */
  readonly stranded: string[] = []
  #file: FileId | undefined
  document: FileDocument | undefined
  #process: Process | undefined
  #dispose: (() => void) | undefined

  constructor(
    readonly path: string,
    readonly author: Author,
  ) {}

  async join(process: Process): Promise<void> {
    const { files } = process.store
    const document = await Promise.race([files.open(at(this.path)), process.killed]).catch(() => undefined)
    if (document === undefined) return // it is bytes at present, or the server is gone
    if (this.#file !== undefined && this.#file !== document.id) {
      this.stranded.push(this.replica.text.toJSON())
      this.replica = new Replica()
    }
    this.#file = document.id
    const { doc } = this.replica
    const { live } = document
    // The answer is what the document is now; it is sent when that is durable, and what is told since comes behind it.
    const answer = Y.encodeStateAsUpdate(live.doc)
    let behind: Uint8Array[] | undefined = []
    const dispose = live.onUpdate((update) => {
      if (behind === undefined) Y.applyUpdate(doc, update, 'server')
      else behind.push(update)
    })
    const isDurable = await Promise.race([live.flushed(), process.killed]).then(
      () => true,
      () => false,
    )
    if (!isDurable || live.expelled !== undefined) {
      dispose()
      files.release(document)
      return
    }
    this.document = document
    this.#process = process
    this.#dispose = dispose
    for (const update of [answer, ...behind]) Y.applyUpdate(doc, update, 'server')
    behind = undefined
    live.onExpelled(() => {
      this.leave()
    })
    const lacking = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(live.doc))
    const { structs, ds } = Y.decodeUpdate(lacking)
    if (structs.length > 0 || ds.clients.size > 0) this.send(lacking)
  }

  send(update: Uint8Array): void {
    try {
      this.document?.apply(update, this.author)
    } catch {
      this.leave() // refused: it comes back, and brings it again
    }
  }

  leave(): void {
    this.#dispose?.()
    const { document } = this
    this.document = undefined
    if (document !== undefined) this.#process?.store.files.release(document)
  }
}

class World {
  readonly clock = new ManualClock()
  readonly medium = openMemoryStorage()
  readonly peers = PATHS.flatMap((path) => AUTHORS.map((author) => new Peer(path, author)))
  readonly markers = new Set<string>()
  /** Lines that a live peer deleted: such a line may never have been committed. */
  readonly deleted = new Set<string>()
  readonly heard: FileCommit[] = []
  readonly pending: Promise<unknown>[] = []
  readonly versions = new Map<string, { readonly head: FileHead; readonly text: string }[]>()
  process = new Process(this.medium, this.clock)
  readonly #random: Random
  #wake: (() => void)[] = []

  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }

  async run(): Promise<void> {
    const step: Record<string, () => void | Promise<void>> = {
      write: () => {
        this.write()
      },
      insert: () => {
        this.insert()
      },
      cut: () => {
        this.cut()
      },
      delete: () => {
        this.delete()
      },
      rename: () => {
        this.rename()
      },
      bytes: () => {
        this.bytes()
      },
      decide: () => {
        this.decide()
      },
      fail: () => {
        this.fail()
      },
      connect: () => this.connect(),
      heal: () => this.heal(),
      kill: () => this.kill(),
      turn,
    }
    const names = `write write write insert insert insert cut connect connect delete rename bytes decide decide fail heal turn turn turn kill`
    for (let n = 0; n < STEPS; n++) await step[this.#random.one(names.split(' '))]?.()
    await this.heal()
    await this.clock.advance(20_000)
    for (const peer of this.peers) if (peer.document === undefined) await peer.join(this.process)
    await this.heal()
    await Promise.all(this.pending)
    const { files, queue } = this.process.store
    for (const { document } of this.peers) await document?.live.flushed()
    await files.close()
    await queue.idle()
    await turn()
    this.heard.push(...this.process.store.commits)
  }

  write(): void {
    const path = this.#random.one(PATHS)
    const versions = this.versions.get(path) ?? []
    const version = versions[Math.max(0, versions.length - 1 - this.#random.below(4))]
    const lines = version === undefined ? [] : version.text.split('\n')
    lines.splice(this.#random.below(lines.length + 1), this.#random.below(3) === 0 ? 1 : 0, this.#line('written'))
    const text = lines.join('\n')
    const { hash, rev } = version?.head ?? {}
    const base = hash === undefined || rev === undefined ? null : { hash, rev }
    const command = writing(path, text, base)
    const writer = this.#random.one([CLAUDE, CODEX])
    const done = this.#persist(async ({ files }) => {
      const result = await files.write(command, writer)
      if (result.outcome !== 'need-base') return result
      const withText: WriteBase | null = base === null ? null : { ...base, text: version?.text ?? '' }
      return files.write({ ...command, base: withText }, writer)
    })
    this.pending.push(
      done.then((result) => {
        if (result.outcome === 'need-base') throw new Error('the base was given')
        this.#remember(command, result)
      }),
    )
  }

  insert(): void {
    const peer = this.#random.one(this.peers)
    if (peer.document === undefined) return
    const starts = lineStarts(peer.replica.text.toJSON())
    peer.send(peer.replica.insert(this.#random.one(starts), `${this.#line(peer.author)}\n`))
  }

  cut(): void {
    const peer = this.#random.one(this.peers)
    if (peer.document === undefined) return
    const text = peer.replica.text.toJSON()
    const starts = lineStarts(text)
    const from = this.#random.one(starts)
    const to = starts[starts.indexOf(from) + 1]
    if (to === undefined) return
    this.deleted.add(text.slice(from, to - 1))
    peer.send(
      peer.replica.edit((own) => {
        own.delete(from, to - from)
      }),
    )
  }

  async connect(): Promise<void> {
    const peer = this.#random.one(this.peers)
    if (peer.document !== undefined) peer.leave()
    else if (this.process.storage.held === 0 && this.process.store.queue.state === 'ok') {
      await Promise.race([peer.join(this.process), turn().then(turn).then(turn)])
    }
  }

  delete(): void {
    if (this.#random.below(3) > 0) return
    const path = this.#random.one(PATHS)
    const head = this.process.store.files.head(at(path))
    if (head === undefined) return
    const { rev, hash } = head
    const command: DeleteCommand = { writeId: writing(path, '').writeId, path: at(path), base: { rev, hash } }
    this.pending.push(
      this.#persist(({ files }) => files.delete(command, CLAUDE)).catch((error: unknown) => {
        // What it saw may never have become durable: then there is no such file after the kill.
        expect(error).toMatchObject({ code: 'E_NOT_FOUND' })
      }),
    )
  }

  /** By a path that it has or had: who renames may not have heard of another rename. */
  rename(): void {
    const heads = [...this.process.store.files.heads()]
    if (heads.length === 0) return
    const head = this.#random.one(heads)
    const command: RenameCommand = {
      writeId: writing('a.ts', '').writeId,
      id: head.id,
      path: this.#random.below(3) === 0 ? at(this.#random.one(PATHS)) : head.path,
      to: at(this.#random.one([...PATHS, 'd.ts', 'a.ts/in'])),
    }
    this.pending.push(
      this.#persist(({ files }) => files.rename(command, CODEX)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'E_NOT_FOUND' })
      }),
    )
  }

  bytes(): void {
    if (this.#random.below(4) > 0) return
    const path = this.#random.one(PATHS)
    const head = this.process.store.files.head(at(path)) ?? null
    const command = writing(path, asBytes(0, this.#random.below(256)), head)
    this.pending.push(this.#persist(({ files }) => files.write(command, CODEX)))
  }

  /** Someone decides an open conflict, perhaps as someone else does, or as it is lost again. */
  decide(): void {
    const open = this.process.store.files.openConflicts
    if (open.length === 0) return
    const { id } = this.#random.one(open)
    const command = {
      id,
      writeId: writing('a.ts', '').writeId,
      choice: { kind: this.#random.one(['ours', 'theirs'] as const) },
    }
    this.pending.push(
      this.#persist(({ files }) => files.conflicts.resolve(command, CODEX)).catch((error: unknown) => {
        const refusals = ['E_NOT_FOUND', 'E_CONFLICT_CLOSED', 'E_CONFLICT_MOVED', 'E_BAD_REQUEST']
        expect(refusals).toContain(error instanceof Error && Reflect.get(error, 'code'))
      }),
    )
  }

  fail(): void {
    const { storage } = this.process
    if (this.#random.below(3) === 0) storage.fail(diskFull())
    else storage.hold()
  }

  async heal(): Promise<void> {
    this.process.storage.heal()
    this.process.storage.releaseAll()
    await this.clock.advance(6_000)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Killed at any moment, and started again upon what is stored. */
  async kill(): Promise<void> {
    if (this.#random.below(4) > 0) return
    for (const peer of this.peers) peer.leave()
    this.heard.push(...this.process.store.commits)
    this.process.kill()
    await turn() // a commit that had reached the disk is on it before anyone starts anew
    this.process = new Process(this.medium, this.clock)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Whoever writes goes on with the same id, through kills and failures, as a bridge does. */
  async #persist<T>(act: (store: Opened) => Promise<T>): Promise<T> {
    for (;;) {
      const { process } = this
      try {
        return await Promise.race([act(process.store), process.killed])
      } catch (error) {
        const isPassing = error instanceof Error && (error.message === 'killed' || Reflect.get(error, 'retry') === true)
        if (!isPassing) throw error
        if (process === this.process) await new Promise<void>((resolve) => this.#wake.push(resolve))
      }
    }
  }

  #remember({ path, content }: WriteCommand, { head, edits }: WriteOutcome): void {
    if (edits === null || content.kind !== 'text' || head.kind !== 'text' || head.deleted) return
    const list = this.versions.get(path) ?? []
    list.push({ head, text: applyEdits(content.text, edits) })
    this.versions.set(path, list)
  }

  #line(who: string): string {
    const line = `<${this.markers.size}> ${who}`
    this.markers.add(line)
    return line
  }
}

/** Offsets at which a line begins, the end of a text that ends in a newline included. */
function lineStarts(text: string): number[] {
  const starts = [0]
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
}

async function verify({ process, medium, peers, markers, deleted, heard }: World): Promise<void> {
  const { files, events } = process.store
  const kept: string[] = []
  const seqs = [...medium.range(rowsUnder(['event']))].map(({ key }) => key[1])
  expect(seqs).toEqual(Array.from({ length: events.seq }, (_, n) => n + 1))
  const heads = [...files.heads()]
  const live = heads.filter((head) => !head.deleted).map(({ path }) => path)
  expect(new Set(live).size).toBe(live.length)
  for (const path of live) expect(live.filter((other) => other.startsWith(`${path}/`))).toEqual([]) // [PATH-6]
  for (const head of heads) {
    kept.push(...replay(head, medium))
    const isThere = files.headMeantBy(head.path)?.id === head.id // [RENAME-4] where one is deleted, a renamed one may be
    if (head.kind === 'binary' || !isThere) continue
    const text = kept.at(-1)
    const document = await files.open(head.path)
    expect(document.id).toBe(head.id)
    expect(document.text).toBe(text)
    expect(document.live.doc.getText('content').toJSON()).toBe(text)
    files.release(document)
    for (const peer of peers) {
      if (peer.document?.id === head.id) expect(peer.replica.text.toJSON()).toBe(text)
    }
    const own = files.conflicts.table.list({ state: 'all' }).filter(({ fileId }) => fileId === head.id)
    for (const line of markers) {
      const times = (text?.split(line).length ?? 1) - 1
      const chosen = own.filter((conflict) => isChosenAnew(conflict, line, medium)).length
      expect(times, line).toBeLessThanOrEqual(1 + chosen) // not doubled
    }
  }
  for (const conflict of files.conflicts.table.list({ state: 'all' })) kept.push(...textsOf(conflict))
  for (const peer of peers) kept.push(...peer.stranded)
  for (const peer of peers) if (peer.document === undefined) kept.push(peer.replica.text.toJSON()) // of a path of bytes
  const everything = kept.join('\n')
  for (const line of markers) if (!everything.includes(line) && !deleted.has(line)) throw new Error(`"${line}" is lost`)
  const durable = new Set(
    [...medium.range({ from: ['revision', ''], to: ['revision', '\uffff'] })].map(({ value }) => {
      const { fileId, rev, hash } = value as RevisionEntry
      return `${fileId} ${rev} ${hash}`
    }),
  )
  const told = heard.filter(({ revised }) => revised).map(({ head }) => `${head.id} ${head.rev} ${head.hash}`)
  expect(new Set(told).size).toBe(told.length)
  for (const one of told) expect(durable).toContain(one) // [SYNC-1]
}

/** The text of every revision, from the journal alone, the head's last; each is held against its hash. */
function replay(head: FileHead, storage: Storage): string[] {
  const journal = new FileJournal(storage)
  const texts: string[] = []
  let text: string | undefined = ''
  for (let rev = 1; rev <= head.rev; rev++) {
    const entry = journal.entry(head.id, rev)
    if (entry === undefined) throw new Error(`${head.path} has no revision ${rev}`)
    if (entry.kind === 'binary') text = undefined
    else if (entry.edits !== null) text = text === undefined ? undefined : applyEdits(text, entry.edits)
    else text = journal.text(head.id, rev)
    if (text === undefined) continue
    const { bom, eol, hash } = entry
    expect(hashOf(bytesOf({ kind: 'text', text, bom, eol }))).toBe(hash)
    texts.push(text)
  }
  expect(journal.entry(head.id, head.rev + 1)).toBeUndefined()
  if (head.kind === 'text') expect(journal.text(head.id, head.rev)).toBe(text)
  return texts
}

/**
 * Whether deciding the conflict brought a line back that its file may have had again by then: the file was bytes meanwhile, and a
 * text that follows upon bytes is taken whole, with lines that others had deleted before.
 */
function isChosenAnew(conflict: Conflict, line: string, storage: Storage): boolean {
  const { resolution } = conflict
  if (!isOfLines(conflict) || resolution?.outcome !== 'theirs') return false
  if (!conflict.theirs.includes(line) || conflict.ours.includes(line)) return false
  const journal = new FileJournal(storage)
  for (let rev = conflict.rev + 1; rev < resolution.rev; rev++) {
    if (journal.entry(conflict.fileId, rev)?.kind === 'binary') return true
  }
  return false
}

function textsOf(conflict: Conflict): string[] {
  if (isOfLines(conflict)) return [conflict.base, conflict.ours, conflict.theirs]
  return conflict.theirs?.kind === 'text' ? [conflict.theirs.text] : []
}

async function live(seed: number): Promise<void> {
  resetIds()
  const world = new World(seed)
  await world.run()
  await verify(world)
}

describe('a workspace under random load', () => {
  const given = process.env['SEEDS']?.split(',').map(Number)
  const seeds = given ?? Array.from({ length: 40 }, () => randomInt(2 ** 31))
  test.each(seeds)('seed %i: head = document = journal = peers, nothing is lost, nothing is doubled', async (seed) => {
    await live(seed)
  })
})
