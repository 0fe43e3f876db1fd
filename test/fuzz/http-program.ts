/** A program that reads and writes files by HTTP, one request after the other, and repeats what was not answered. */
import { setImmediate } from 'node:timers/promises'
import { TOKEN } from '../support/server.js'

/** In milliseconds. Node's fetch never hears of a connection that is accepted and closed before it has sent its request. */
const LONGEST_ANSWER = 5_000

interface Version {
  readonly text: string
  readonly etag: string
}

export interface Put {
  readonly text: string
  readonly onAccepted: () => void
}

export class HttpProgram {
  readonly #url: string
  readonly #reads = new Map<string, Version[]>()
  #line: Promise<void> = Promise.resolve()
  #writes = 0
  #isClosed = false
  #failure: Error | undefined

  constructor(url: string) {
    this.#url = url
  }

  /** Changes what it read `age` reads ago; whatever happened since is not its business. */
  put(path: string, age: number, change: (text: string) => Put): void {
    this.#queue(async () => {
      const version = await this.#read(path)
      const base = (age > 0 ? this.#reads.get(path)?.at(-1 - age) : undefined) ?? version
      const { text, onAccepted } = change(base?.text ?? '')
      const condition: Record<string, string> = base === undefined ? {} : { 'if-match': base.etag }
      const headers = { ...condition, 'idempotency-key': `http-${this.#writes++}` }
      const answer = await this.#ask(path, { method: 'PUT', body: text, headers })
      if (answer?.ok === true) onAccepted()
    })
  }

  delete(path: string): void {
    const headers = { 'idempotency-key': `http-${this.#writes++}` }
    this.#queue(async () => {
      await this.#ask(path, { method: 'DELETE', headers })
    })
  }

  /** @throws what a request met that no server should do */
  async idle(): Promise<void> {
    await this.#line
    if (this.#failure !== undefined) throw this.#failure
  }

  close(): void {
    this.#isClosed = true
  }

  #queue(act: () => Promise<void>): void {
    this.#line = this.#line.then(act).catch((thrown: unknown) => {
      this.#failure ??= new Error('The program that speaks HTTP failed.', { cause: thrown })
    })
  }

  async #read(path: string): Promise<Version | undefined> {
    const answer = await this.#ask(path, { method: 'GET' })
    const etag = answer?.headers.get('etag')
    if (answer?.ok !== true || etag == null) return undefined
    const version = { text: await answer.text(), etag }
    this.#reads.set(path, [...(this.#reads.get(path) ?? []), version].slice(-8))
    return version
  }

  /** Undefined: it was closed meanwhile. */
  async #ask(
    path: string,
    init: { method: string; body?: string; headers?: Record<string, string> },
  ): Promise<Response | undefined> {
    const headers = { ...init.headers, authorization: `Bearer ${TOKEN}`, 'x-ensemble-agent': 'GEMINI-http' }
    while (!this.#isClosed) {
      try {
        const signal = AbortSignal.timeout(LONGEST_ANSWER)
        const answer = await fetch(`${this.#url}/api/files/${path}`, { ...init, headers, signal })
        if (answer.status === 503) continue
        if (answer.status >= 500) throw new Error(`${init.method} ${path}: ${answer.status} ${await answer.text()}`)
        return answer
      } catch (thrown) {
        const isLate = thrown instanceof DOMException && thrown.name === 'TimeoutError'
        if (!isLate && !(thrown instanceof TypeError)) throw thrown // the line broke, or nobody listens just now
        await setImmediate()
      }
    }
    return undefined
  }
}
