/** Whether a folder can be an agent's own: decided before anything is written into it. */
import { access, constants, mkdir, realpath, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import { DATA_FOLDER, hasDataFolder, holderOf } from './data-folder.js'
import { codeOf, reasonOf } from '../bridge/node-error.js'

export interface PlaceFacts {
  /** As it was named, absolute. */
  readonly dir: string
  /** Without symlinks; of what is missing: where it would be. */
  readonly real: string
  readonly found:
    | { readonly kind: 'folder' }
    | { readonly kind: 'file' }
    | { readonly kind: 'missing'; readonly hasParent: boolean }
    | { readonly kind: 'unusable'; readonly reason: string }
  /** The nearest folder above that Ensemble already uses. */
  readonly above: string | undefined
  /** What the server serves, if it is a folder of this machine. */
  readonly workspace: string | null
  /** The server that has this very folder as its workspace. */
  readonly server: { readonly pid: number } | undefined
}

/** @throws EnsembleError E_WORKSPACE */
export function judgePlace({ dir, real, found, above, workspace, server }: PlaceFacts): 'use' | 'create' {
  switch (found.kind) {
    case 'file':
      throw fault(`${dir} is a file; an agent needs a folder.`, 'Name the folder that holds it, or a new one.')
    case 'unusable':
      throw fault(
        `The folder ${dir} cannot be used: ${found.reason}.`,
        'Check its permissions, or name another with --dir.',
      )
    case 'missing':
      if (!found.hasParent) {
        throw fault(
          `Neither ${dir} nor the folder above it exists.`,
          `Make ${dirname(dir)} first, or name another --dir.`,
        )
      }
      break
    case 'folder':
      break
  }
  if (workspace === real || server !== undefined) {
    throw fault(
      `${real} is the workspace that ${server === undefined ? 'the server' : `a server (process ${server.pid})`} serves.`,
      'The server keeps that folder in step itself. Give the agent a folder of its own: --dir ../copy-a',
    )
  }
  if (workspace !== null && isInside(real, workspace)) {
    throw fault(`${real} lies inside the workspace ${workspace}.`, 'Choose a folder beside it: --dir ../copy-a')
  }
  if (workspace !== null && isInside(workspace, real)) {
    throw fault(`${real} contains the workspace ${workspace}.`, 'Choose a folder beside it: --dir ../copy-a')
  }
  if (above !== undefined) {
    throw fault(`${real} lies inside ${above}, which Ensemble already uses.`, 'Folders of agents cannot be nested.')
  }
  return found.kind === 'missing' ? 'create' : 'use'
}

/** Both absolute and without symlinks. */
export function isInside(inner: string, outer: string): boolean {
  const way = relative(outer, inner)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`)
}

/**
 * The folder's real path, made if only it was missing.
 * @throws EnsembleError E_WORKSPACE
 */
export async function takePlace(dir: string, workspace: string | null): Promise<{ real: string; isNew: boolean }> {
  const facts = await look(resolve(dir), workspace)
  if (judgePlace(facts) === 'use') return { real: facts.real, isNew: false }
  await mkdir(facts.real).catch((cause: unknown) => {
    throw fault(
      `The folder ${dir} cannot be made: ${reasonOf(cause)}.`,
      'Check the permissions of the folder above it.',
    )
  })
  return { real: facts.real, isNew: true }
}

/**
 * Takes back a folder that was made for a session that did not come about. False: someone has put something into it, and it
 * stays.
 */
export async function giveBack(real: string): Promise<boolean> {
  await rm(join(real, DATA_FOLDER), { recursive: true, force: true })
  return await rmdir(real).then(
    () => true,
    () => false,
  )
}

async function look(dir: string, workspace: string | null): Promise<PlaceFacts> {
  const found = await lookAt(dir)
  const parent = await realpath(dirname(dir)).catch(() => dirname(dir))
  const real = found.kind === 'folder' ? await realpath(dir) : join(parent, basename(dir))
  const holder = await holderOf(real)
  return {
    ...{ dir, real, found },
    above: await usedAbove(real),
    workspace: workspace === null ? null : await realpath(workspace).catch(() => null),
    server: holder === undefined ? undefined : { pid: holder.pid },
  }
}

async function lookAt(dir: string): Promise<PlaceFacts['found']> {
  try {
    if (!(await stat(dir)).isDirectory()) return { kind: 'file' }
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    return { kind: 'folder' }
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOTDIR') return { kind: 'missing', hasParent: false }
    if (codeOf(thrown) !== 'ENOENT') return { kind: 'unusable', reason: reasonOf(thrown) }
    return {
      kind: 'missing',
      hasParent: await stat(dirname(dir)).then(
        (found) => found.isDirectory(),
        () => false,
      ),
    }
  }
}

async function usedAbove(real: string): Promise<string | undefined> {
  for (let dir = dirname(real), below = real; dir !== below; below = dir, dir = dirname(dir)) {
    if (await hasDataFolder(dir)) return dir
  }
  return undefined
}

function fault(message: string, hint: string): EnsembleError {
  return new EnsembleError('E_WORKSPACE', message, { hint })
}
