/** Starts a process of ours and waits until it says that it is ready (reports.ts). */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import { fromProblem } from '../sdk/connection.js'
import type { ProgressStep } from './print.js'
import { report } from './reports.js'

/**
 * V8's room for new objects, in MiB; twice as much is V8's own default. Servers and bridges run for days and mostly wait: with a large
 * workspace this leaves 20 to 30 MB less in memory, and costs no processor time that could be measured.
 */
const NODE_FLAGS = ['--max-semi-space-size=8']

export interface ChildOptions<Info> {
  /** Script and its arguments. */
  readonly args: readonly string[]
  /** Goes on when this process and its terminal end. */
  readonly detached: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly info: z.ZodType<Info>
  /** Sent at once, over the channel: what must not stand in a command line. */
  readonly message?: object
  readonly onProgress: (step: ProgressStep) => void
  /** Gets the process as soon as there is one, to end it if the start is broken off. */
  readonly onSpawn?: (child: ChildProcess) => void
}

export interface Started<Info> {
  readonly child: ChildProcess
  readonly info: Info
}

/**
 * A process that could not start has ended when this throws: until then it may still write into its folder, and holds it.
 * @throws EnsembleError what the process reports, or E_INTERNAL if it ends without a word
 */
export async function startChild<Info>(options: ChildOptions<Info>): Promise<Started<Info>> {
  const { args, detached, env, message } = options
  // What Node itself says when a process ends badly. Gone after the start, when its own log takes over.
  const notes = mkdtempSync(join(tmpdir(), 'ensemble-start-'))
  const stderr = openSync(join(notes, 'stderr'), 'w', 0o600)
  try {
    const child = spawn(process.execPath, [...NODE_FLAGS, ...args], {
      detached,
      env,
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
    })
    options.onSpawn?.(child)
    if (message !== undefined) child.send(message)
    const info = await readiness(child, options, () => readFileSync(join(notes, 'stderr'), 'utf8'))
    return { child, info }
  } finally {
    closeSync(stderr)
    rmSync(notes, { recursive: true, force: true })
  }
}

/** Lets a process go on by itself. */
export function letGo(child: ChildProcess): void {
  child.disconnect()
  child.unref()
}

async function readiness<Info>(
  child: ChildProcess,
  options: ChildOptions<Info>,
  lastWords: () => string,
): Promise<Info> {
  const { info, onProgress } = options
  return await new Promise<Info>((resolve, reject) => {
    let failure: EnsembleError | undefined
    const finish = (settle: () => void): void => {
      child.off('message', onMessage).off('error', onError).off('exit', onExit)
      settle()
    }
    const onMessage = (raw: unknown): void => {
      const parsed = report.safeParse(raw)
      if (!parsed.success) return
      const { data } = parsed
      if (data.type === 'progress') onProgress(data)
      else if (data.type === 'failed') failure = fromProblem(data.problem)
      else {
        const ready = info.safeParse(data.info)
        finish(() => (ready.success ? resolve(ready.data) : reject(unexpected(`It told: ${ready.error.message}`, []))))
      }
    }
    const onError = (error: Error): void => finish(() => reject(error))
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      const words = lastWords().trim().split('\n').slice(-12)
      finish(() => reject(failure ?? unexpected(`It ended with ${signal ?? `exit code ${code ?? '?'}`}.`, words)))
    }
    child.on('message', onMessage).on('error', onError).on('exit', onExit)
  })
}

function unexpected(what: string, details: readonly string[]): EnsembleError {
  return new EnsembleError('E_INTERNAL', `The process did not become ready. ${what}`, {
    hint: 'This should not happen; please report it with what follows.',
    data: { details },
  })
}
