/** `ensemble demo`: a server, three scripted agents and a real source tree, in one terminal. */
import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context } from '../context.js'
import { isClean } from '../demo/check.js'
import { copySource } from '../demo/source-tree.js'
import { Story } from '../demo/story.js'
import { Member, Patience, verdictOn, type Place } from '../demo/team.js'
import { EXIT, type ExitCode } from '../fault.js'
import { readToken } from '../find-server.js'
import { reasonOf } from '../../bridge/node-error.js'
import type { ServerInfo } from '../reports.js'
import { nextSignal, unlessInterrupted } from '../signals.js'
import { count, duration, figure, list } from '../words.js'
import { makeLink } from './dashboard.js'
import { launchServer } from './server-start.js'

export interface DemoOptions {
  readonly dir?: string
  readonly keep?: boolean
  /** `--no-wait` makes it false. */
  readonly wait: boolean
}

export async function demo(options: DemoOptions, context: Context): Promise<ExitCode> {
  const base = await makeBase(options.dir === undefined ? undefined : resolve(context.cwd, options.dir))
  const run = new Run(base, context)
  let isFine = false
  try {
    await unlessInterrupted(run.play(), () => undefined)
    isFine = true
    if (options.wait && context.allowsInput && context.stdin.isTTY === true) await run.wait()
    return EXIT.ok
  } finally {
    await run.close()
    // What went wrong is in the folders; an interruption is nothing to look into.
    const keep = options.keep === true
    if (!keep) await rm(base, { recursive: true, force: true })
    else context.print.lines([`Kept: ${base}${isFine ? '' : ' (unfinished)'}`])
  }
}

/** @throws EnsembleError E_WORKSPACE if it holds something */
async function makeBase(dir: string | undefined): Promise<string> {
  if (dir === undefined) return await realpath(await mkdtemp(join(tmpdir(), 'ensemble-demo-')))
  const names = await mkdir(dir, { recursive: true }).then(
    () => readdir(dir),
    (cause: unknown) => {
      throw new EnsembleError('E_WORKSPACE', `The folder ${dir} cannot be made: ${reasonOf(cause)}.`, {
        hint: 'Name another.',
        cause,
      })
    },
  )
  if (names.length === 0) return await realpath(dir)
  throw new EnsembleError('E_WORKSPACE', `The folder ${dir} is not empty.`, {
    hint: 'The demo makes and removes folders; give it one of its own.',
  })
}

class Run {
  readonly #base: string
  readonly #workspace: string
  readonly #context: Context
  readonly #team: readonly [Member, Member, Member]
  #server: { readonly child: ChildProcess; readonly info: ServerInfo } | undefined
  #acts = 0
  readonly #over = new AbortController()
  readonly #patience = new Patience(this.#over.signal)

  constructor(base: string, context: Context) {
    this.#base = base
    this.#context = context
    this.#workspace = join(base, 'workspace')
    this.#team = [
      new Member('CLAUDE', 'frontend', join(base, 'claude')),
      new Member('CODEX', 'reviewer', join(base, 'codex')),
      new Member('GEMINI', 'planner', join(base, 'gemini')),
    ]
  }

  async play(): Promise<void> {
    const startedAt = performance.now()
    const { print } = this.#context
    await mkdir(this.#workspace)
    const source = await copySource(this.#workspace)
    print.lines([
      `${print.paint('strong', 'Ensemble demo')}: the source of ${source.name}, ${count(source.files, 'file')}, ${figure(source.lines)} lines`,
      '',
    ])

    const info = await this.#startServer(0)
    const place = { url: info.url, tokenFile: info.tokenFile, token: await readToken(info.tokenFile) }
    this.#tell(`Server ready in ${duration(info.readyMilliseconds)}. Dashboard: ${info.dashboard}`)
    await this.#joinAll(place)

    const story = new Story({
      ...{ source, place, workspace: this.#workspace, team: this.#team, patience: this.#patience },
      tell: (sentence) => this.#tell(sentence),
      killServer: () => this.#killServer(),
      startServer: async () => {
        await this.#startServer(Number(new URL(info.url).port))
      },
    })
    await story.play()
    await this.#verify(story.markers)
    const took = duration(performance.now() - startedAt)
    print.lines([`All of that took ${took}. Dashboard: ${(await makeLink(place, 'write')).url}`])
  }

  /** Until Enter, or Ctrl-C. The agents go on, so that the dashboard has something to show. */
  async wait(): Promise<void> {
    const { print, stdin } = this.#context
    print.lines(['', 'The agents go on editing, for you to watch in the dashboard. Enter ends the demo.'])
    const reader = createInterface({ input: stdin })
    const asked = nextSignal()
    let turn = 0
    const timer = setInterval(() => {
      const member = this.#team[turn++ % this.#team.length]
      member?.make(join('review', `${member.name}.md`), `# ${member.name}\n\nNote ${turn}\n`)
    }, 1_500)
    await Promise.race([asked.signal, new Promise((done) => reader.once('line', done).once('close', done))])
    clearInterval(timer)
    asked.dispose()
    reader.close()
  }

  /** Can be called at any moment; an act under way may fail by it, which is nobody's concern any more. */
  async close(): Promise<void> {
    this.#over.abort(new EnsembleError('E_STOPPING', 'The demo is over.'))
    for (const member of this.#team) await member.end()
    const child = this.#server?.child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      await new Promise((ended) => {
        child.once('exit', ended)
        child.kill('SIGTERM')
      })
    }
  }

  async #joinAll(place: Place): Promise<void> {
    const startedAt = performance.now()
    await Promise.all(this.#team.map((member) => member.join(place)))
    await this.#patience.untilSame([this.#workspace, ...this.#team.map(({ dir }) => dir)], [], 'four equal folders')
    this.#tell(
      `${list(this.#team.map(({ name }) => name))} have all of it in folders of their own after ${duration(performance.now() - startedAt)}.`,
    )
  }

  async #verify(markers: readonly string[]): Promise<void> {
    const { print } = this.#context
    const dirs = [this.#workspace, ...this.#team.map(({ dir }) => dir)]
    const verdict = await verdictOn(dirs, markers)
    if (isClean(verdict)) {
      const words = `${dirs.length} folders are the same, byte for byte; each of ${count(markers.length, 'edit')} is there exactly once.`
      print.lines(['', `${print.paint('good', 'Checked:')} ${words}`])
      return
    }
    const { unequal, lost, doubled } = verdict
    throw new EnsembleError('E_INTERNAL', 'The folders are not what they should be.', {
      hint: 'Run it again with --keep, and please report it with the folders.',
      data: {
        details: [
          ...unequal.map((path) => `unequal: ${path}`),
          ...lost.map((one) => `lost: ${one}`),
          ...doubled.map((one) => `doubled: ${one}`),
        ],
      },
    })
  }

  #tell(sentence: string): void {
    if (!this.#over.signal.aborted) this.#context.print.lines([`${String(++this.#acts).padStart(2)}  ${sentence}`])
  }

  async #startServer(port: number): Promise<ServerInfo> {
    this.#over.signal.throwIfAborted()
    // Its own state folder: other commands on this machine need not know of a server that ends in a minute.
    const env = { ...this.#context.env, XDG_STATE_HOME: join(this.#base, 'state') }
    const background = false
    this.#server = await launchServer({
      ...{ port, env, background },
      workspace: this.#workspace,
      host: '127.0.0.1',
      onProgress: () => undefined,
    })
    return this.#server.info
  }

  async #killServer(): Promise<void> {
    const child = this.#server?.child
    await new Promise((ended) => {
      child?.once('exit', ended)
      child?.kill('SIGKILL')
    })
  }
}
