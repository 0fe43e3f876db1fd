/** The servers that are measured side by side, each a process of its own with fresh data. */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { isAlive, kill, Lab, token } from './processes.js'
import type { LoadName } from './sync-load.js'
import type { Target } from './sync-wire.js'

/** Ensemble stands twice: with documents that belong to files of its folder, and with free ones. */
export const contenders = [
  'Ensemble, a file',
  'Ensemble, a free document',
  'y-websocket 2.1',
  'Hocuspocus 3.4',
] as const
/** Ensemble without a folder, to compare what it stores on: sync-storage.ts. */
export const storages = ['lmdb', 'memory'] as const
export type Contender = (typeof contenders)[number] | (typeof storages)[number]

export const peers: readonly Contender[] = ['y-websocket 2.1', 'Hocuspocus 3.4']

export interface StartOptions {
  /** The texts of its documents by their names; what is a file stands in the folder when the server starts. */
  readonly texts: ReadonlyMap<string, string>
  /** Documents survive their server; default: only where that can't be turned off. */
  readonly durable?: boolean
}

const ready = z.object({ port: z.int(), pid: z.int(), token: z.string().default('') })

/** A server that runs, and can be started again upon the same data. */
export class Server {
  readonly contender: Contender
  readonly #lab: Lab
  readonly #options: StartOptions
  #target: Target | undefined

  private constructor(contender: Contender, lab: Lab, options: StartOptions) {
    this.contender = contender
    this.#lab = lab
    this.#options = options
  }

  static async start(contender: Contender, options: StartOptions): Promise<Server> {
    const lab = await Lab.make()
    try {
      const server = new Server(contender, lab, options)
      await server.#writeFiles()
      await server.startAgain()
      return server
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  get target(): Target {
    if (this.#target === undefined) throw new Error('The server does not run.')
    return this.#target
  }

  /** What the document with this name is called on the wire. */
  document(name: string): string {
    switch (this.contender) {
      case 'Ensemble, a file':
      case 'lmdb':
      case 'memory':
        return `${name}.ts`
      case 'Ensemble, a free document':
        return `~${name}`
      case 'y-websocket 2.1':
      case 'Hocuspocus 3.4':
        return name
    }
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const { pid } = this.target
    kill(pid, 'SIGKILL')
    while (await isAlive(pid)) await pause(1)
    this.#target = undefined
  }

  async startAgain(): Promise<void> {
    switch (this.contender) {
      case 'Ensemble, a file':
      case 'Ensemble, a free document': {
        const info = await this.#lab.serverProcess(await this.#lab.folder('workspace'))
        const port = Number(new URL(info.url).port)
        this.#target = { wire: 'ensemble', port, pid: info.pid, token: await token(info) }
        return
      }
      case 'y-websocket 2.1': {
        const dir = await this.#dataFolder()
        this.#target = await this.#launch(
          'y-websocket',
          peerScript('y-websocket'),
          [],
          dir === undefined ? {} : { YPERSISTENCE: dir },
        )
        return
      }
      case 'Hocuspocus 3.4': {
        const dir = await this.#dataFolder()
        this.#target = await this.#launch('hocuspocus', peerScript('hocuspocus'), dir === undefined ? [] : [dir], {})
        return
      }
      case 'lmdb':
      case 'memory': {
        const script = fileURLToPath(new URL('sync-storage.js', import.meta.url))
        this.#target = await this.#launch('ensemble', script, [this.contender, await this.#lab.folder('data')], {})
        return
      }
    }
  }

  /** Lets a process of its own do a task, and gives what that measured. */
  async load(name: LoadName, task: Readonly<Record<string, unknown>>): Promise<unknown> {
    const child = this.#lab.spawn(fileURLToPath(new URL('sync-load.js', import.meta.url)))
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The load of ${this.contender} broke off.`)
    })
    child.send({ name, task: { target: this.target, ...task } })
    const [result] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    await ended.catch(() => undefined) // it has told all
    return result
  }

  async close(): Promise<void> {
    await this.#lab.close()
  }

  async #writeFiles(): Promise<void> {
    if (this.contender !== 'Ensemble, a file') return
    const workspace = await this.#lab.folder('workspace')
    for (const [name, text] of this.#options.texts) {
      const file = join(workspace, this.document(name))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  }

  async #dataFolder(): Promise<string | undefined> {
    return this.#options.durable === true ? await this.#lab.folder('data') : undefined
  }

  async #launch(
    wire: Target['wire'],
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<Target> {
    const child = this.#lab.spawn(script, args, env)
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${script} ended before it was ready. Are its packages installed (npm ci)?`)
    })
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    ended.catch(() => undefined) // later its end is wanted
    return { wire, ...ready.parse(message) }
  }
}

/** As it is in the repository: nothing of it is built. */
function peerScript(name: string): string {
  return fileURLToPath(new URL(`../../../test/bench/sync-${name}.js`, import.meta.url))
}
