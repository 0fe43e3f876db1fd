/** The demo's workspace and its agents: folders of their own, edited by plain file writes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Conflict } from '../../../protocol/conflicts.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { agentInstance, agentType } from '../../../protocol/ids.js'
import { openAgentFolder, type AgentFolder } from '../agent-folder.js'
import { list } from '../words.js'
import { isClean, judge, readTree, type Verdict } from './check.js'

export interface Place {
  readonly url: string
  readonly token: string
  readonly tokenFile: string
}

/** Nothing in the demo takes this long, unless something is wrong. In milliseconds. */
const PATIENCE = 30_000
/** Between two looks at files. In milliseconds. */
const LOOK_AGAIN = 2

export class Member {
  readonly name: string
  readonly dir: string
  readonly #agent: readonly [type: string, instance: string]
  #folder: Promise<AgentFolder> | undefined
  #isOver = false

  constructor(type: string, instance: string, dir: string) {
    this.#agent = [type, instance]
    this.name = `${type}-${instance}`
    this.dir = dir
  }

  async join(place: Place): Promise<void> {
    this.#assertPlaying()
    mkdirSync(this.dir, { recursive: true })
    const [type, instance] = this.#agent
    const agent = { type: agentType.parse(type), instance: agentInstance.parse(instance), partition: null, roles: [] }
    this.#folder = openAgentFolder({ ...place, dir: this.dir, agent })
    await (await this.#folder).synced()
  }

  async leave(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined) // one that was never opened need not be left
    this.#folder = undefined
    await folder?.leave()
  }

  /** For good: nothing is written from now on. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.leave()
  }

  async conflicts(): Promise<readonly Conflict[]> {
    if (this.#folder === undefined) throw new EnsembleError('E_UNREACHABLE', `${this.name} is not connected.`)
    return (await (await this.#folder).connection.request('conflicts', {})).conflicts
  }

  /** Reads a file and writes it anew, as an editor does. */
  save(path: string, change: (lines: string[]) => void): void {
    this.#assertPlaying()
    const file = join(this.dir, path)
    const lines = readFileSync(file, 'utf8').split('\n')
    change(lines)
    writeFileSync(file, lines.join('\n'))
  }

  make(path: string, text: string): void {
    this.#assertPlaying()
    const file = join(this.dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  holds(path: string, marker: string): boolean {
    return holds(this.dir, path, marker)
  }

  #assertPlaying(): void {
    if (this.#isOver) throw new EnsembleError('E_STOPPING', 'The demo is over.')
  }
}

function holds(dir: string, path: string, marker: string): boolean {
  const file = join(dir, path)
  return existsSync(file) && readFileSync(file, 'utf8').includes(marker)
}

/** Waits on behalf of the story, until it is broken off. */
export class Patience {
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Waits until `isSo`, and tells how many milliseconds that took. @throws EnsembleError E_TIMEOUT */
  async until(isSo: () => boolean | Promise<boolean>, what: string): Promise<number> {
    const startedAt = performance.now()
    while (!(await isSo())) {
      this.#signal.throwIfAborted()
      if (performance.now() - startedAt > PATIENCE) {
        throw new EnsembleError('E_TIMEOUT', `Waited ${PATIENCE / 1_000} s, in vain: ${what}.`, {
          hint: 'This should not happen; run it again with --keep, and please report it with the folders.',
        })
      }
      await sleep(LOOK_AGAIN)
    }
    return performance.now() - startedAt
  }

  /** Until one file holds all of these in every folder. */
  async untilIn(dirs: readonly string[], path: string, markers: readonly string[]): Promise<number> {
    const isSo = (): boolean => dirs.every((dir) => markers.every((marker) => holds(dir, path, marker)))
    return await this.until(isSo, `${list(markers)} in ${path} of every folder`)
  }

  /** Until every folder is the same and holds every marker once. */
  async untilSame(dirs: readonly string[], markers: readonly string[], what: string): Promise<number> {
    return await this.until(async () => isClean(await verdictOn(dirs, markers)), what)
  }
}

export async function verdictOn(dirs: readonly string[], markers: readonly string[]): Promise<Verdict> {
  return judge(await Promise.all(dirs.map(readTree)), markers)
}
