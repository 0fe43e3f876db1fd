/** One folder of the world: what programs do in it, its bridge's lives, and its line to the server. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Bridge } from '../../client/bridge/bridge.js'
import type { BridgeLog } from '../../client/bridge/ports.js'
import type { Way } from './commands.js'
import type { Line } from './line.js'
import { MortalBridge, type KillStep } from './mortal-bridge.js'

const silent = (): void => undefined
const SILENT: BridgeLog = { debug: silent, info: silent, warn: silent, error: silent }

export interface FolderOptions {
  /** Absolute; made if missing. */
  readonly root: string
  readonly isServed: boolean
  /** For each life of its bridge. */
  readonly openLine: () => Line
  readonly onDeath: () => void
  /** Of a program here: what it takes off the disk, and what it puts there. */
  readonly onChange: (before: string, after: string) => void
  readonly turns: (count: number) => Promise<void>
}

export class WorldFolder {
  readonly root: string
  readonly #options: FolderOptions
  readonly #reads = new Map<string, string[]>()
  #line: Line | undefined
  #mortal: MortalBridge | undefined
  #saves = 0
  /** Deaths so far. */
  deaths = 0

  constructor(options: FolderOptions) {
    this.#options = options
    this.root = options.root
    mkdirSync(this.root, { recursive: true })
  }

  // ── its bridge

  get bridge(): Bridge | undefined {
    return this.#mortal?.bridge
  }

  /** Starts a bridge where none lives. */
  async revive(isMute: boolean): Promise<void> {
    if (this.#mortal !== undefined && !this.#mortal.isDead) return
    await this.#mortal?.buried()
    const line = (this.#line = this.#options.openLine())
    this.#mortal = new MortalBridge(
      {
        dir: this.root,
        connection: line.connection,
        config: { quietMilliseconds: 5, auditSeconds: 0.2, fileBytes: 10 * 1024 * 1024 },
        log: SILENT,
        isServed: this.#options.isServed,
        ...(isMute ? { watchFolder: null } : {}),
      },
      () => {
        this.deaths++
        line.break()
        this.#options.onDeath()
      },
    )
    line.start()
    await this.#mortal.open()
  }

  arm(step: KillStep, left: number): void {
    this.#mortal?.arm(step, left)
  }

  disarm(): void {
    this.#mortal?.disarm()
  }

  kill(): void {
    this.#mortal?.die()
  }

  /** Until nothing is left to do here, or its bridge is dead. */
  async idle(): Promise<void> {
    const { bridge } = this
    if (bridge !== undefined) await Promise.race([bridge.idle(), this.#mortal?.death])
  }

  async close(): Promise<void> {
    const isAlive = this.bridge !== undefined
    await this.bridge?.close()
    if (!isAlive) await this.#mortal?.buried()
    this.#line?.break()
  }

  // ── what programs do

  /** Undefined: there is no such file. */
  read(path: string): string | undefined {
    try {
      const text = readFileSync(join(this.root, path), 'utf8')
      this.#reads.set(path, [...(this.#reads.get(path) ?? []), text].slice(-8))
      return text
    } catch {
      return undefined
    }
  }

  /** What somebody read that many reads ago. */
  readBefore(path: string, age: number): string | undefined {
    const now = this.read(path)
    return age === 0 ? now : (this.#reads.get(path)?.at(-1 - age) ?? now)
  }

  async save(path: string, text: string, way: Way): Promise<void> {
    const place = join(this.root, path)
    if (!this.#makeFolder(path)) return
    const before = this.#look(path)
    if (before === 'folder') return
    this.#options.onChange(before ?? '', text)
    switch (way) {
      case 'in place':
        return writeFileSync(place, text)
      case 'dated':
        writeFileSync(place, text)
        return utimesSync(place, 1_000_000_000, 1_000_000_000)
      case 'by rename': {
        const temporary = join(this.root, '.ensemble', `saved-${this.#saves++}`)
        writeFileSync(temporary, text)
        return renameSync(temporary, place)
      }
      case 'in halves': {
        const descriptor = openSync(place, 'w')
        try {
          const half = Math.floor(text.length / 2)
          writeSync(descriptor, text.slice(0, half))
          await this.#options.turns(20)
          writeSync(descriptor, text.slice(half))
        } finally {
          closeSync(descriptor)
        }
      }
    }
  }

  delete(path: string): void {
    const before = this.#look(path)
    if (before === undefined || before === 'folder') return
    this.#options.onChange(before, '')
    rmSync(join(this.root, path))
  }

  rename(path: string, to: string): void {
    const [moved, replaced] = [this.#look(path), this.#look(to)]
    if (path === to || moved === undefined || moved === 'folder' || replaced === 'folder') return
    if (!this.#makeFolder(to)) return
    this.#options.onChange(replaced ?? '', '')
    renameSync(join(this.root, path), join(this.root, to))
  }

  /** Every file with its text. */
  texts(folder = ''): Record<string, string> {
    const found: Record<string, string> = {}
    for (const [path, text] of this.#files(folder)) found[path] = text
    return found
  }

  /** What tells of any write: every file's inode and dates. */
  stamps(): string {
    return [...this.#files('')]
      .map(([path]) => {
        const { ino, mtimeMs, ctimeMs } = statSync(join(this.root, path))
        return `${path} ${ino} ${mtimeMs} ${ctimeMs}`
      })
      .join('\n')
  }

  *#files(folder: string): Generator<[path: string, text: string]> {
    const entries = readdirSync(join(this.root, folder), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.name === '.ensemble' || entry.name === '.git') continue
      if (entry.isDirectory()) yield* this.#files(path)
      else if (entry.isFile()) yield [path, readFileSync(join(this.root, path), 'utf8')]
    }
  }

  /** Without the memory of `read`. */
  #look(path: string): string | undefined {
    try {
      return readFileSync(join(this.root, path), 'utf8')
    } catch (thrown) {
      return thrown instanceof Error && Reflect.get(thrown, 'code') === 'EISDIR' ? 'folder' : undefined
    }
  }

  /** False: a file is in the way. */
  #makeFolder(path: string): boolean {
    try {
      mkdirSync(dirname(join(this.root, path)), { recursive: true })
      return true
    } catch {
      return false
    }
  }
}
