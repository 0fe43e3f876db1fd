/**
 * Where clients on this machine find running servers: a file each in the user's state folder, named by its port
 * (`$XDG_STATE_HOME/ensemble/servers/9999.json`, 0600).
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export interface ServerFile {
  readonly port: number
  readonly url: string
  readonly workspace: string
  readonly tokenFile: string
  readonly workspaceId: string
}

const known = z.object({ workspace: z.string(), pid: z.int().positive() })

/** Returns the file's path, for `forgetServer`. */
export async function rememberServer(server: ServerFile): Promise<string> {
  const file = placeOf(server.port)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify({ ...server, pid: process.pid })}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return file
}

/** Who said last that it serves on this port; it may have ended since. Undefined: nobody, or another user's server. */
export async function serverOnPort(port: number): Promise<z.infer<typeof known> | undefined> {
  try {
    return known.parse(JSON.parse(await readFile(placeOf(port), 'utf8')))
  } catch {
    return undefined
  }
}

function placeOf(port: number): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state')
  return join(state, 'ensemble', 'servers', `${port}.json`)
}

export async function forgetServer(file: string): Promise<void> {
  await rm(file, { force: true })
}
