/**
 * Ensemble as the merge driver of a git repository.
 *
 * Only the repository's own configuration is written, and there only `merge.default`: the driver of files whose attributes
 * name none. No attributes file is touched, so that whatever a project says about its files (`-merge`, `merge=union`,
 * `binary`) stays in force, and no clone of it hears of us.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EnsembleError } from '../../../protocol/errors.js'
import { codeOf } from '../../bridge/node-error.js'

const DRIVER = 'ensemble'
const TITLE = 'Ensemble: merges edits that only touch, and keeps what overlaps'

export interface DriverChange {
  /** The repository's configuration, absolute. */
  readonly file: string
  /** `name=value`, or the names taken away; empty: it was so already. */
  readonly changed: readonly string[]
}

/** @throws EnsembleError E_WORKSPACE: no repository · E_CONFLICT: another driver is the default */
export async function installDriver(cwd: string): Promise<DriverChange> {
  const file = await configOf(cwd)
  const before = await valueOf(cwd, 'merge.default')
  if (before !== undefined && before !== DRIVER) {
    throw new EnsembleError('E_CONFLICT', `This repository merges with another driver: merge.default is "${before}".`, {
      hint: 'Nothing was changed. Take that away first, if it is to go.',
      data: { try: 'git config --unset merge.default' },
    })
  }
  const wanted = { [`merge.${DRIVER}.name`]: TITLE, [`merge.${DRIVER}.driver`]: driverLine(), 'merge.default': DRIVER }
  const changed: string[] = []
  for (const [key, value] of Object.entries(wanted)) {
    if ((await valueOf(cwd, key)) === value) continue
    await git(cwd, ['config', '--local', '--replace-all', key, value])
    changed.push(`${key}=${value}`)
  }
  return { file, changed }
}

export async function removeDriver(cwd: string): Promise<DriverChange> {
  const file = await configOf(cwd)
  const changed: string[] = []
  if ((await valueOf(cwd, 'merge.default')) === DRIVER) {
    await git(cwd, ['config', '--local', '--unset-all', 'merge.default'])
    changed.push('merge.default')
  }
  for (const key of [`merge.${DRIVER}.name`, `merge.${DRIVER}.driver`]) {
    if ((await valueOf(cwd, key)) === undefined) continue
    await git(cwd, ['config', '--local', '--unset-all', key])
    changed.push(key)
  }
  return { file, changed }
}

/** Git puts its own names in for %A (ours, and the result), %O (base), %B (theirs), %L and %P, and quotes them. */
function driverLine(): string {
  const script = join(
    dirname(createRequire(import.meta.url).resolve('ensemble/package.json')),
    'client/cli/ensemble.js',
  )
  const program = [process.execPath, script].map(quoted).join(' ')
  return `${program} merge-file --marker-size=%L --path=%P -L ours -L base -L theirs %A %O %B`
}

/** For the shell that git starts, and for git, to which % means something. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`
}

async function configOf(cwd: string): Promise<string> {
  const dir = await git(cwd, ['rev-parse', '--path-format=absolute', '--git-common-dir'])
  return join(dir, 'config')
}

async function valueOf(cwd: string, key: string): Promise<string | undefined> {
  try {
    return await runGit(cwd, ['config', '--local', '--get', key])
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined // there is no such key
    throw fault(cwd, error)
  }
}

async function git(cwd: string, args: readonly string[]): Promise<string> {
  try {
    return await runGit(cwd, args)
  } catch (error) {
    throw fault(cwd, error)
  }
}

async function runGit(cwd: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', [...args], { cwd, encoding: 'utf8' })
  return stdout.replace(/\n$/, '')
}

function fault(cwd: string, cause: unknown): EnsembleError {
  if (codeOf(cause) === 'ENOENT') {
    return new EnsembleError('E_WORKSPACE', 'git was not found on this machine.', { hint: 'Install it first.', cause })
  }
  const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : ''
  if (said.includes('not a git repository')) {
    return new EnsembleError('E_WORKSPACE', `${cwd} is in no git repository.`, {
      hint: 'Run this in the repository whose merges it is to do.',
      cause,
    })
  }
  return new EnsembleError('E_WORKSPACE', `git refused: ${said === '' ? 'it said nothing' : said}.`, { cause })
}
