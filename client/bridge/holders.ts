/**
 * Which files some process holds open, as far as this system tells: Linux does, of the processes that this user may look
 * into. So "held" is certain, and "not held" is not: a process of another user, or a mapping of a closed file, stays unseen.
 */
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import type { Environment } from './ports.js'
import { inSlices } from './walk.js'

const PROCESSES = '/proc'
/** A look at all of them takes about 15 ms of processor; in milliseconds between two pauses. */
const SLICE = 4
/** What a name becomes once something else stands in its place. */
const UNLINKED = ' (deleted)'

export class Holders {
  readonly #root: string
  readonly #environment: Environment
  #held: ReadonlySet<string> = new Set()
  #lookedAt = -Infinity
  #looking: Promise<void> | undefined

  /** @param root only files that have, or had, a name below it are found */
  constructor(root: string, environment: Environment) {
    this.#root = root
    this.#environment = environment
  }

  /**
   * Whether a process has the file at `place` open.
   *
   * @param since a look that was begun after this still counts; in milliseconds of `environment.elapsed`
   */
  async isHeld(place: string, since: number): Promise<boolean> {
    if (process.platform !== 'linux') return false
    while (this.#lookedAt < since) await (this.#looking ??= this.#look())
    const id = idOf(place)
    return id !== undefined && this.#held.has(id)
  }

  async #look(): Promise<void> {
    const begun = this.#environment.elapsed()
    const held = new Set<string>()
    try {
      await inSlices(
        descriptors(),
        (place) => {
          const id = this.#isBelow(place) ? idOf(place) : undefined
          if (id !== undefined) held.add(id)
        },
        { slice: SLICE, rest: () => 0, timers: this.#environment.timers, isStopped: () => false },
      )
      this.#held = held
      this.#lookedAt = begun
    } finally {
      this.#looking = undefined
    }
  }

  #isBelow(descriptor: string): boolean {
    try {
      const name = readlinkSync(descriptor)
      return name.startsWith(this.#root) || name.endsWith(UNLINKED)
    } catch {
      return false // closed meanwhile
    }
  }
}

function* descriptors(): Generator<string> {
  for (const pid of list(PROCESSES)) {
    if (!/^\d+$/.test(pid)) continue
    const folder = `${PROCESSES}/${pid}/fd`
    for (const descriptor of list(folder)) yield `${folder}/${descriptor}`
  }
}

function idOf(place: string): string | undefined {
  try {
    const { dev, ino } = statSync(place, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/** Empty where it may not be looked into, or has ended. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
