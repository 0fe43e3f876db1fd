/**
 * Where clients on this machine find running servers: a file each in the user's state folder, named by its port
 * (`$XDG_STATE_HOME/ensemble/servers/9999.json`, 0600).
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export interface ServerFile {
  readonly port: number
  readonly url: string
  readonly workspace: string
  readonly tokenFile: string
  readonly workspaceId: string
}

/** Returns the file's path, for `forgetServer`. */
export async function rememberServer(server: ServerFile): Promise<string> {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state')
  const file = join(state, 'ensemble', 'servers', `${server.port}.json`)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify({ ...server, pid: process.pid })}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return file
}

export async function forgetServer(file: string): Promise<void> {
  await rm(file, { force: true })
}
