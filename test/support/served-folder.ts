/** A folder with a real server process on it, as `ensemble server start` runs one. Needs the build in dist/. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Connection, type ConnectionOptions } from '../../client/sdk/connection.js'
import { link, pageSession, type Access } from '../../protocol/links.js'
import { openNodeSocket } from '../../client/sdk/node-socket.js'
import { parseAgent } from './server.js'

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url))

const ready = z.object({
  type: z.literal('ready'),
  info: z.object({ url: z.string(), tokenFile: z.string() }),
})

export class ServedFolder {
  readonly dir: string
  readonly #own: string
  readonly #state = mkdtempSync(join(tmpdir(), 'ensemble-state-'))
  readonly #connections: Connection[] = []
  #process: ChildProcess | undefined
  #port = 0
  url = ''
  token = ''

  /**
   * @param files path → content
   * @param name of the folder, as the workspace is called; default: one of its own
   */
  constructor(files: Readonly<Record<string, string | Uint8Array>>, name = '') {
    this.#own = mkdtempSync(join(tmpdir(), 'ensemble-served-'))
    this.dir = join(this.#own, name)
    for (const [path, content] of Object.entries(files)) this.write(path, content)
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true })
    writeFileSync(join(this.dir, path), content)
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), 'utf8')
  }

  /** On the same port again, after a stop. */
  async start(): Promise<void> {
    const log = join(this.#state, 'server.log')
    const child = fork(MAIN, ['--workspace', this.dir, '--port', String(this.#port), '--log', log], {
      env: { ...process.env, XDG_STATE_HOME: this.#state },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#process = child
    const { info } = await new Promise<z.infer<typeof ready>>((resolve, reject) => {
      child.on('message', (message) => {
        const parsed = ready.safeParse(message)
        if (parsed.success) resolve(parsed.data)
        else if (JSON.stringify(message).includes('"failed"')) reject(new Error(JSON.stringify(message)))
      })
      child.once('exit', (code) => reject(new Error(`The server ended with ${String(code)}; is dist/ built?`)))
    })
    this.url = info.url
    this.token = readFileSync(info.tokenFile, 'utf8').trim()
    this.#port = Number(new URL(info.url).port)
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  /** The server hears and says nothing more, and its sockets stay open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Ends the server without a word, frozen or not. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Takes what the server stored away, but for its token: the next start makes another workspace of the folder. */
  forget(): void {
    const data = join(this.dir, '.ensemble')
    for (const name of readdirSync(data))
      if (name !== 'token') rmSync(join(data, name), { recursive: true, force: true })
  }

  /** The address that opens a view of the dashboard. */
  page(path = '/'): string {
    return `${this.url}${path}#token=${this.token}`
  }

  /** A link as `ensemble dashboard` makes one, to a view. */
  async link(access: Access, path = '/'): Promise<string> {
    return `${this.url}${path}#code=${await this.#code(access)}`
  }

  /** The token of a session, as a page gets it for a link. */
  async session(access: Access): Promise<string> {
    return pageSession.parse(await this.#post('/api/links/use', { code: await this.#code(access) })).token
  }

  async #code(access: Access): Promise<string> {
    return link.parse(await this.#post('/api/links', { access })).code
  }

  async #post(path: string, body: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' }
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return await response.json()
  }

  /** A live connection of the agent `TYPE-instance`. */
  async agent(agentId: string, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
    const connection = new Connection({
      ...{ url: this.url, token: this.token, client: 'test/0', feeds: ['heads'], openSocket: openNodeSocket },
      ...{ agent: parseAgent(agentId), ...options },
    })
    this.#connections.push(connection)
    connection.start()
    await connection.live()
    return connection
  }

  /** Ends the server and whatever was made for it. */
  async close(): Promise<void> {
    for (const connection of this.#connections) await connection.close()
    await this.stop()
    for (const dir of [this.#own, this.#state]) rmSync(dir, { recursive: true, force: true })
  }
}
