/** A prompt at the bottom of a terminal; what is said meanwhile appears above it, and what was typed stays. */
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface PromptOptions {
  readonly stdin: Readable
  /** A terminal. */
  readonly stdout: Writable
  /** What stands before the cursor; asked again whenever it is drawn. */
  readonly label: () => string
  /** What a line can become. */
  readonly complete: (line: string) => string[]
  readonly onLine: (line: string) => void
  /** Ctrl-D. */
  readonly onLeave: () => void
}

export class Prompt {
  readonly #options: PromptOptions
  readonly #reader: Interface
  #isClosed = false

  constructor(options: PromptOptions) {
    this.#options = options
    this.#reader = createInterface({
      input: options.stdin,
      output: options.stdout,
      terminal: true,
      completer: (line: string): [string[], string] => [options.complete(line), line],
    })
    this.#reader.on('line', (line) => {
      options.onLine(line)
      this.show()
    })
    this.#reader.on('SIGCONT', () => this.show())
    this.#reader.on('SIGINT', () => this.#clear())
    this.#reader.on('close', () => {
      if (this.#isClosed) return
      this.#options.stdout.write('\n')
      options.onLeave()
    })
  }

  show(): void {
    if (this.#isClosed) return
    this.#reader.setPrompt(this.#options.label())
    this.#reader.prompt(true)
  }

  /** Draws it again if it reads differently now. */
  refresh(): void {
    if (this.#options.label() !== this.#reader.getPrompt()) this.show()
  }

  above(lines: readonly string[]): void {
    if (this.#isClosed) return
    cursorTo(this.#options.stdout, 0)
    clearLine(this.#options.stdout, 0)
    this.#options.stdout.write(lines.map((line) => `${line}\n`).join(''))
    this.show()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#reader.close()
  }

  /** Ctrl-C: the line is dropped; on an empty one, how to leave. */
  #clear(): void {
    const wasEmpty = this.#reader.line === ''
    this.#reader.write(null, { ctrl: true, name: 'e' })
    this.#reader.write(null, { ctrl: true, name: 'u' })
    if (wasEmpty) this.above(['Ctrl-D leaves.'])
  }
}
