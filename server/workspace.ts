/** The folder that is served: checked before anything is written into it. */
import { access, constants, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EnsembleError } from '../protocol/errors.js'
import { DATA_FOLDER } from './storage/data-folder.js'
import { hasCode } from './storage/files.js'

/**
 * The real path of a folder that can be served.
 * @throws EnsembleError E_WORKSPACE: missing, not a folder, not readable or writable, or inside another workspace
 */
export async function checkWorkspace(dir: string): Promise<string> {
  const found = await stat(dir).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) {
      throw fault(`The folder ${dir} does not exist.`, 'Create it, or name another with --workspace.', error)
    }
    throw fault(`The folder ${dir} cannot be read: ${String(error)}.`, 'Check its permissions.', error)
  })
  if (!found.isDirectory()) throw fault(`${dir} is a file; a workspace is a folder.`, 'Name the folder that holds it.')
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw fault(`The folder ${dir} cannot be read and written by this user.`, 'Check its permissions.', cause)
  })
  const real = await realpath(dir)
  const outer = await workspaceAbove(real)
  if (outer !== undefined) {
    throw fault(`${real} lies inside the workspace ${outer}.`, 'Serve the outer one; workspaces cannot be nested.')
  }
  return real
}

async function workspaceAbove(dir: string): Promise<string | undefined> {
  for (let above = dirname(dir), below = dir; above !== below; below = above, above = dirname(above)) {
    const held = await stat(join(above, DATA_FOLDER)).catch(() => undefined)
    if (held?.isDirectory() === true) return above
  }
  return undefined
}

function fault(message: string, hint: string, cause?: unknown): EnsembleError {
  return new EnsembleError('E_WORKSPACE', message, { hint, ...(cause === undefined ? {} : { cause }) })
}
