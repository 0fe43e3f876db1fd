/** `ensemble resume`: what a folder holds back, decided from outside of the session that keeps it in step. */
import { createInterface } from 'node:readline/promises'
import { dirname, join, resolve } from 'node:path'
import { realpath } from 'node:fs/promises'
import { EnsembleError } from '../../../protocol/errors.js'
import type { Pause, ResumeChoice } from '../../../protocol/folder.js'
import { askControl, type FolderReport } from '../../bridge/control-socket.js'
import { commandName, type Context } from '../context.js'
import { DATA_FOLDER, hasDataFolder } from '../data-folder.js'
import { EXIT, type ExitCode } from '../fault.js'
import { effectOf, heldPaths, doneWords, shellWays } from '../views/resume-view.js'
import { quoted } from '../words.js'

export interface ResumeOptions {
  readonly dir?: string
  readonly delete?: boolean
  readonly accept?: boolean
  readonly restore?: boolean
  readonly json?: boolean
}

export async function resumeFolder(options: ResumeOptions, context: Context): Promise<ExitCode> {
  const { print, cwd, env } = context
  const dir = await folderOf(options.dir, cwd)
  const { paused } = await reportOf(dir)
  const chosen = choiceOf(options)
  const nothing = { schema: 'ensemble.resume/1', dir, resumed: false }
  if (paused === null) {
    if (options.json === true) print.json({ ...nothing, paused })
    else print.lines([`Nothing is held in ${dir}.`])
    return EXIT.ok
  }
  const command = `${commandName(env)} resume --dir ${quoted(dir)}`
  const choice = chosen ?? (await askFor(paused, command, options, context))
  if (choice === undefined) {
    if (options.json === true) print.json({ ...nothing, paused })
    return EXIT.refused
  }
  const told = await askControl(join(dir, DATA_FOLDER), { ask: 'resume', choice })
  const done = told !== undefined && 'resumed' in told ? told.resumed : null
  if (options.json === true) print.json({ ...nothing, resumed: done !== null, ...done })
  else print.lines(done === null ? [`Nothing is held in ${dir} any more.`] : doneWords(done))
  return EXIT.ok
}

/**
 * What the process that keeps a folder in step tells of it.
 * @throws EnsembleError E_UNREACHABLE: there is none
 */
export async function reportOf(dir: string): Promise<FolderReport> {
  const told = await askControl(join(dir, DATA_FOLDER), { ask: 'folder' })
  if (told !== undefined && 'folder' in told) return told.folder
  throw new EnsembleError(
    'E_UNREACHABLE',
    `Nothing keeps ${dir} in step at the moment, so that nothing is held there.`,
    {
      hint: 'What is gone or changed meanwhile is looked at when the folder is connected, or its server started.',
    },
  )
}

/** The named folder, or the nearest above the current one that Ensemble uses. @throws EnsembleError E_WORKSPACE */
async function folderOf(named: string | undefined, cwd: string): Promise<string> {
  if (named === undefined) {
    const above = await folderAbove(cwd)
    if (above !== undefined) return above
    throw new EnsembleError('E_WORKSPACE', `Neither ${cwd} nor a folder above it is kept in step.`, {
      hint: 'Name the folder with --dir.',
    })
  }
  return await realpath(resolve(cwd, named)).catch((cause: unknown) => {
    throw new EnsembleError('E_WORKSPACE', `The folder ${resolve(cwd, named)} does not exist.`, {
      hint: 'Name the agent’s folder, or the served one, with --dir.',
      cause,
    })
  })
}

/** @returns undefined: none is used by Ensemble */
export async function folderAbove(cwd: string): Promise<string | undefined> {
  for (let dir = cwd, below = ''; dir !== below; below = dir, dir = dirname(dir)) {
    if (await hasDataFolder(dir)) return dir
  }
  return undefined
}

/** @throws EnsembleError E_USAGE */
function choiceOf(options: ResumeOptions): ResumeChoice | undefined {
  const chosen = (['delete', 'accept', 'restore'] as const).filter((choice) => options[choice] === true)
  if (chosen.length <= 1) return chosen[0]
  throw new EnsembleError('E_USAGE', `One thing can be done with what is held, not ${chosen.length}.`, {
    hint: `Give one of ${chosen.map((choice) => `--${choice}`).join(', ')}.`,
  })
}

/** Undefined: nobody can be asked, or whoever was did not say. */
async function askFor(
  paused: Pause,
  command: string,
  { json }: ResumeOptions,
  { print, stdin, stdout, allowsInput }: Context,
): Promise<ResumeChoice | undefined> {
  if (json === true) return undefined
  print.lines([paused.message, ...heldPaths(paused)])
  if (paused.choices.length === 0) {
    print.lines([paused.hint])
    return undefined
  }
  if (!allowsInput) {
    throw new EnsembleError('E_USAGE', 'It has to be said what to do with what is held, since nobody may be asked.', {
      hint: `Give ${paused.choices.map((choice) => `--${choice}`).join(' or ')}.`,
    })
  }
  if (stdin.isTTY !== true || !print.isTerminal) {
    print.lines(shellWays(paused, command))
    return undefined
  }
  const reader = createInterface({ input: stdin, output: stdout })
  try {
    const ways = paused.choices.map((choice) => `${choice} (${effectOf(choice)})`).join(', ')
    const said = (await reader.question(`${ways}, or nothing for now? `)).trim().toLowerCase()
    return paused.choices.find((choice) => choice === said)
  } finally {
    reader.close()
  }
}
