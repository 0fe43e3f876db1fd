/**
 * A real server, real bridges in real folders, stock Yjs peers and a program that speaks HTTP, all in this process; and
 * whatever a sequence of commands does to them. Every write carries a marker of its own, so that nothing can be lost or
 * doubled unseen.
 *
 * The server's storage is in memory and outlives its server. The bridge of the served folder lives in the server's process
 * and dies with it, and it with the bridge; from then on it stores nothing more.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { unreachable } from '../../protocol/errors.js'
import { openMemoryStorage } from '../../server/storage/memory.js'
import type { Storage } from '../../server/storage/storage.js'
import { Fence } from '../support/fence.js'
import { openPeer, type Peer } from '../support/peer.js'
import { parseAgent, startServer, TOKEN, type TestServer } from '../support/server.js'
import { FOLDERS, PATHS, PEERS, SLOTS, type Command, type Path } from './commands.js'
import { WorldFolder } from './folder.js'
import { HttpProgram } from './http-program.js'
import { Network } from './line.js'
import { meet } from './meeting.js'
import { linesAt, markersIn, ownLine, spliced, START, withLine } from './texts.js'

const AGENTS = ['CLAUDE-one', 'CODEX-two']

export class World {
  /** The first is the served one. */
  readonly folders: WorldFolder[] = []
  /** Of the other folders. */
  readonly networks: Network[] = []
  /** By peer and path. */
  readonly peers: ReadonlyMap<Path, Peer>[] = []
  readonly storage: Storage = openMemoryStorage()
  /** Every marker that anybody wrote, or tried to. */
  readonly markers = new Set<string>()
  /** Taken out again by who wrote them, or never accepted: nobody owes them to anybody, but they may be kept. */
  readonly withdrawn = new Set<string>()
  /** The last marker of each line of somebody's own, by path and line; null: the line is deleted. */
  readonly own = new Map<string, string | null>()
  /** How many conflicts there must be, by path. */
  readonly overlaps = new Map<string, number>()
  /** Lines that someone deleted and another had changed: the deletion is on record. */
  readonly refused = new Set<string>()
  /** Programs that had their file open while the bridge replaced it may have written late. */
  hasLateWriters = false
  readonly #root: string
  readonly #fences: Fence[] = []
  #server: TestServer | undefined
  #port = 0
  #ending: Promise<unknown> = Promise.resolve()
  #http: HttpProgram | undefined
  #skew = 0
  #serverDeath: Promise<void> = Promise.resolve()
  #tellServerDeath = nothing
  #isClosed = false

  private constructor(root: string) {
    this.#root = root
  }

  /** With three files, the same everywhere, and one that nobody touches: a folder of which nothing is left waits for a person. */
  static async make(): Promise<World> {
    // In memory where there is such a place: syncing costs nothing then, and killing a process is no power cut.
    const world = new World(mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ensemble-fuzz-')))
    await world.#begin()
    return world
  }

  async #begin(): Promise<void> {
    const served = join(this.#root, 'served')
    for (const path of [...PATHS, 'stays.txt']) {
      mkdirSync(dirname(join(served, path)), { recursive: true })
      writeFileSync(join(served, path), START)
    }
    const changes = { onChange: (before: string, after: string) => this.#onChange(before, after), turns }
    this.folders.push(
      new WorldFolder({
        ...{ root: served, isServed: true, ...changes },
        openLine: () => ({ connection: this.server.folder, start: nothing, break: nothing }),
        onDeath: () => this.#onServerDeath(),
      }),
    )
    await this.#startServer(0)
    const { url } = this.server
    for (const [index, agentId] of AGENTS.entries()) {
      const network = new Network({ url, token: TOKEN, agent: parseAgent(agentId) })
      this.networks.push(network)
      const root = join(this.#root, `folder-${index + 1}`)
      const openLine = () => network.open()
      this.folders.push(new WorldFolder({ root, isServed: false, ...changes, openLine, onDeath: nothing }))
    }
    for (const folder of this.folders) {
      await folder.revive(false)
      await folder.bridge?.synced()
    }
    for (let index = 0; index < PEERS; index++) {
      const open = (path: Path): [Path, Peer] => [path, openPeer(url, path, { agent: `PERSON-${index}` })]
      const peers = new Map(PATHS.map(open))
      this.peers.push(peers)
      for (const peer of peers.values()) await peer.synced()
    }
    this.#http = new HttpProgram(url)
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error('The world has no server.')
    return this.#server
  }

  get deaths(): number {
    return this.folders.reduce((sum, { deaths }) => sum + deaths, 0)
  }

  async play(command: Command): Promise<void> {
    switch (command.do) {
      case 'save': {
        const folder = this.folder(command.folder)
        const text = folder.read(command.path)
        if (text !== undefined) {
          await folder.save(
            command.path,
            this.#ownChange(text, command.path, command.folder, command.slot),
            command.way,
          )
        }
        return
      }
      case 'put':
        this.#put(command.path, (text) => this.#ownChange(text, command.path, FOLDERS, command.slot), 0)
        return
      case 'type': {
        const peer = this.#peer(command.peer, command.path)
        this.#retype(peer, this.#ownChange(peer.text.toJSON(), command.path, FOLDERS + 1 + command.peer, command.slot))
        return
      }
      case 'meet':
        return meet(this, command)
      case 'edit': {
        const folder = this.folder(command.folder)
        const text = folder.readBefore(command.path, command.age) ?? START
        this.hasLateWriters ||= command.way === 'in halves'
        return folder.save(command.path, spliced(text, command, this.marker()), command.way)
      }
      case 'put anywhere':
        this.#put(command.path, (text) => spliced(text, command, this.marker()), command.age)
        return
      case 'type anywhere': {
        const peer = this.#peer(command.peer, command.path)
        const before = peer.text.toJSON()
        const { at, length } = linesAt(before, command)
        for (const marker of markersIn(before.slice(at, at + length))) this.withdrawn.add(marker)
        peer.doc.transact(() => {
          peer.text.delete(at, length)
          peer.text.insert(at, `${this.marker()}\n`)
        })
        return
      }
      case 'delete':
        return this.folder(command.folder).delete(command.path)
      case 'rename':
        return this.folder(command.folder).rename(command.path, command.to)
      case 'delete by request':
        return this.#http?.delete(command.path)
      case 'git':
        return this.#git(command.folder, command.line)
      case 'cut':
        return this.networks[command.folder - 1]?.cut()
      case 'join':
        return this.networks[command.folder - 1]?.join()
      case 'cut peer':
        for (const { provider } of this.#peers(command.peer)) provider.disconnect()
        return
      case 'join peer':
        for (const { provider } of this.#peers(command.peer)) provider.connect()
        return
      case 'kill':
        return this.folder(command.folder).arm(command.step, command.left)
      case 'kill now':
        return this.folder(command.folder).kill()
      case 'revive':
        return this.revive(command.folder, command.isMute)
      case 'kill server':
        this.folder(0).kill()
        return this.revive(0, false)
      case 'clock':
        // The bridges' clock is the one that dates files; to set it alone would be a world that cannot be.
        this.#skew += command.by
        return
      case 'turns':
        return turns(command.count)
      case 'rest':
        for (const folder of this.folders) await this.idle(folder)
        return
      default:
        unreachable(command)
    }
  }

  async revive(index: number, isMute: boolean): Promise<void> {
    if (index === 0 && this.#server === undefined) await this.#startServer(this.#port)
    await this.folder(index).revive(isMute)
  }

  /** Until nothing is left to do for a folder, or nothing can be done. */
  async idle(folder: WorldFolder): Promise<void> {
    const isCut = this.networks[this.folders.indexOf(folder) - 1]?.isCut ?? false
    if (this.#server !== undefined && !isCut) await Promise.race([folder.idle(), this.#serverDeath])
  }

  /** Everyone is alive and connected again, and nothing kills them any more. */
  async reunite(): Promise<void> {
    for (const folder of this.folders) folder.disarm()
    for (const network of this.networks) network.join()
    for (const index of this.folders.keys()) await this.revive(index, false)
    for (let peer = 0; peer < PEERS; peer++) for (const { provider } of this.#peers(peer)) provider.connect()
    await this.#http?.idle()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#http?.close()
    for (const peers of this.peers) for (const peer of peers.values()) peer.close()
    for (const folder of this.folders) await folder.close()
    await this.#server?.stop()
    await this.#ending
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 })
  }

  // ── its parts

  async #startServer(port: number): Promise<void> {
    await this.#ending
    const fence = new Fence(this.storage)
    this.#fences.push(fence)
    const workspace = join(this.#root, 'served')
    const now = (): number => Date.now() + this.#skew
    const elapsed = (): number => performance.now()
    this.#server = await startServer({ storage: fence, port, workspace, now, elapsed })
    this.#port = this.#server.port
    this.#serverDeath = new Promise((resolve) => (this.#tellServerDeath = resolve))
  }

  #onServerDeath(): void {
    for (const fence of this.#fences) fence.isDead = true
    this.#ending = this.server.close(0)
    this.#server = undefined
    this.#tellServerDeath()
  }

  /** All files are written at once, under git's lock. */
  async #git(index: number, line: number): Promise<void> {
    const folder = this.folder(index)
    const git = join(folder.root, '.git')
    mkdirSync(git, { recursive: true })
    const lock = join(git, 'index.lock')
    writeFileSync(lock, '')
    for (const path of PATHS) {
      const text = folder.read(path)
      if (text !== undefined) await folder.save(path, spliced(text, { line, taken: 1 }, this.marker()), 'by rename')
      await turns(3)
    }
    writeFileSync(join(git, 'HEAD'), `${this.markers.size}\n`)
    rmSync(lock)
  }

  #put(path: Path, change: (text: string) => string, age: number): void {
    this.#http?.put(path, age, (text) => {
      const changed = change(text)
      // Until it is answered nobody owes it.
      const fresh = markersIn(changed).filter((marker) => !markersIn(text).includes(marker))
      for (const marker of fresh) this.withdrawn.add(marker)
      return {
        text: changed,
        onAccepted: () => {
          for (const marker of fresh) this.withdrawn.delete(marker)
        },
      }
    })
  }

  /** Changes of `text` only what `changed` has otherwise, as somebody types it. */
  #retype({ doc, text }: Peer, changed: string): void {
    const before = text.toJSON()
    let start = 0
    while (start < before.length && before[start] === changed[start]) start++
    let end = 0
    while (end < Math.min(before.length, changed.length) - start && before.at(-1 - end) === changed.at(-1 - end)) end++
    doc.transact(() => {
      text.delete(start, before.length - end - start)
      text.insert(start, changed.slice(start, changed.length - end))
    })
  }

  #ownChange(text: string, path: Path, actor: number, slot: number): string {
    const line = ownLine(actor * SLOTS + slot)
    const former = this.own.get(`${path} ${line}`)
    if (former === null) return text
    const marker = this.marker()
    if (former !== undefined) this.withdrawn.add(former)
    this.own.set(`${path} ${line}`, marker)
    return withLine(text, line, marker)
  }

  #onChange(before: string, after: string): void {
    const stays = new Set(markersIn(after))
    for (const marker of markersIn(before)) if (!stays.has(marker)) this.withdrawn.add(marker)
  }

  /** One that nobody ever wrote. */
  marker(): string {
    const marker = `<m${this.markers.size}>`
    this.markers.add(marker)
    return marker
  }

  folder(index: number): WorldFolder {
    const folder = this.folders[index]
    if (folder === undefined) throw new Error(`There is no folder ${index}.`)
    return folder
  }

  #peer(index: number, path: Path): Peer {
    const peer = this.peers[index]?.get(path)
    if (peer === undefined) throw new Error(`There is no peer ${index} of ${path}.`)
    return peer
  }

  #peers(index: number): Peer[] {
    return [...(this.peers[index]?.values() ?? [])]
  }
}

function nothing(): void {
  // as long as the server lives, so does the line
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}
