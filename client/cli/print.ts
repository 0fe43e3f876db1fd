/**
 * The one place that writes to the terminal. stdout carries what was asked for; stderr carries messages and progress, so
 * that a pipe gets the former alone.
 */
import { coloured, plain, wantsColour, type ColourChoice, type Paint } from './colour.js'
import { faultObject, renderFault } from './fault.js'
import { figure } from './words.js'
import type { EnsembleError } from '../../protocol/errors.js'

/** What this module needs of a stream. */
export interface Sink {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string | Uint8Array): unknown
}

export interface Timers {
  setTimeout(run: () => void, milliseconds: number): unknown
  clearTimeout(timer: unknown): void
}

export interface PrintOptions {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  readonly colour: ColourChoice
  /** Messages and progress are left out; data and errors stay. */
  readonly quiet: boolean
  readonly timers: Timers
  /** How this program was called, for commands that are to be copied. Default: `ensemble`. */
  readonly command?: string
}

export interface ProgressStep {
  readonly phase: string
  readonly done: number
  readonly total: number
}

/** Shorter work shows nothing: a flicker tells nobody anything. In milliseconds. */
const PROGRESS_DELAY = 200
const CLEAR_LINE = '\r\u001b[K'

export class Print {
  readonly paint: Paint
  readonly paintMessage: Paint
  readonly #options: PrintOptions
  #progress: Progress | undefined

  constructor(options: PrintOptions) {
    const { stdout, stderr, env, colour } = options
    this.#options = options
    const paintFor = (sink: Sink): Paint =>
      wantsColour({ choice: colour, env, isTerminal: sink.isTTY === true }) ? coloured : plain
    this.paint = paintFor(stdout)
    this.paintMessage = paintFor(stderr)
  }

  get isTerminal(): boolean {
    return this.#options.stdout.isTTY === true
  }

  get columns(): number {
    return this.#options.stdout.columns ?? 100
  }

  /** What was asked for. */
  lines(lines: readonly string[]): void {
    this.#progress?.end()
    this.#options.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** What was asked for, byte by byte. */
  raw(bytes: Uint8Array): void {
    this.#progress?.end()
    this.#options.stdout.write(bytes)
  }

  /** One object, on one line. */
  json(value: object): void {
    this.lines([JSON.stringify(value)])
  }

  say(message: string): void {
    if (this.#options.quiet) return
    this.#progress?.end()
    this.#options.stderr.write(`${message}\n`)
  }

  /**
   * For a person it is a message. A program that asked for an object gets one, where it expects it.
   * @param exit the exit code, where it is not the one of the error’s code
   */
  fault(error: EnsembleError, asJson: boolean, exit?: number): void {
    if (asJson) return this.json(faultObject(error, exit))
    this.#progress?.end()
    this.#options.stderr.write(`${renderFault(error, this.paintMessage, { exit, command: this.#options.command })}\n`)
  }

  /** Shows steps until `end` is called, or something else is printed. */
  progress(): Progress {
    const { stderr, timers, quiet } = this.#options
    this.#progress?.end()
    this.#progress = new Progress(quiet ? { write: () => undefined } : stderr, timers)
    return this.#progress
  }
}

/** On a terminal one line that changes, from 200 ms on; elsewhere a line for each phase. */
export class Progress {
  readonly #sink: Sink
  readonly #timers: Timers
  #timer: unknown
  #isShown = false
  #phase: string | undefined
  #last: ProgressStep | undefined
  #ended = false

  constructor(sink: Sink, timers: Timers) {
    this.#sink = sink
    this.#timers = timers
    if (sink.isTTY === true) {
      this.#timer = timers.setTimeout(() => {
        this.#isShown = true
        this.#draw()
      }, PROGRESS_DELAY)
    }
  }

  step(step: ProgressStep): void {
    if (this.#ended) return
    this.#last = step
    if (this.#sink.isTTY === true) {
      if (this.#isShown) this.#draw()
    } else if (step.phase !== this.#phase) {
      this.#phase = step.phase
      this.#sink.write(`${progressLine(step)}\n`)
    }
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#timers.clearTimeout(this.#timer)
    if (this.#isShown) this.#sink.write(CLEAR_LINE)
  }

  #draw(): void {
    if (this.#last !== undefined) this.#sink.write(`${CLEAR_LINE}${progressLine(this.#last)}`)
  }
}

const PHASES: Readonly<Record<string, string>> = {
  scanning: 'Reading the folder',
  comparing: 'Comparing files',
  ready: 'In step',
}

/** "Comparing files: 120 of 2,104 (5 %)"; of a phase that just begins, or is done: "Comparing files: 2,104" */
export function progressLine({ phase, done, total }: ProgressStep): string {
  const words = PHASES[phase] ?? phase
  if (total === 0) return words
  if (done === 0 || done >= total) return `${words}: ${figure(total)}`
  return `${words}: ${figure(done)} of ${figure(total)} (${Math.floor((done / total) * 100)} %)`
}
