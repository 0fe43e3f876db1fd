/** A path as it was typed, as a path in the workspace: from within a folder of ours, it is relative to where one stands. */
import { dirname, relative, resolve, sep } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import { pathFault, workspacePath, type WorkspacePath } from '../../protocol/paths.js'
import { hasDataFolder } from './data-folder.js'

/**
 * @param cwd absolute
 * @throws EnsembleError E_USAGE
 */
export async function resolveWorkspacePath(typed: string, cwd: string): Promise<WorkspacePath> {
  const root = await rootAbove(cwd)
  const isAbsolute = typed.startsWith('/') || resolve(typed) === typed
  const within = root === undefined ? typed.replace(/^(?:\.\/)+/, '') : relative(root, resolve(cwd, typed))
  const path = within.split(sep).join('/')
  const parsed = workspacePath.safeParse(path)
  if (parsed.success) return parsed.data
  const outside = root !== undefined && (path.startsWith('../') || path === '..')
  const why = outside || (isAbsolute && root === undefined) ? 'it is outside of the workspace' : pathFault(path)
  throw new EnsembleError('E_USAGE', `${typed} is no file of the workspace: ${why ?? 'it is no path'}.`, {
    hint: 'Name it as src/app.ts, relative to the workspace or to the folder of it in which you are.',
  })
}

/** The workspace, or the agent's folder, in which one stands. */
async function rootAbove(cwd: string): Promise<string | undefined> {
  for (let dir = cwd, below = ''; dir !== below; below = dir, dir = dirname(dir)) {
    if (await hasDataFolder(dir)) return dir
  }
  return undefined
}

export interface PathAtRevision {
  readonly path: string
  /** Undefined: as it is now. */
  readonly rev: number | undefined
}

/**
 * `src/a.ts@7`: the last `@` with nothing but digits behind it.
 * @throws EnsembleError E_USAGE: revision 0
 */
export function splitRevision(typed: string): PathAtRevision {
  const [, path, rev] = /^(.+)@(\d{1,15})$/.exec(typed) ?? []
  if (path === undefined) return { path: typed, rev: undefined }
  if (Number(rev) > 0) return { path, rev: Number(rev) }
  throw new EnsembleError('E_USAGE', `${typed} is no revision: they count from 1.`, {
    hint: `"ensemble log ${path}" lists them.`,
  })
}
