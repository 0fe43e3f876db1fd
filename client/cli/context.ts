/** What every command gets: where it prints, where it stands, and what it may do. */
import type { Readable, Writable } from 'node:stream'
import type { Environment } from './find-server.js'
import type { Print } from './print.js'

export interface Context {
  readonly print: Print
  /** Absolute. */
  readonly cwd: string
  readonly env: Environment
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number }
  /** For a prompt; everything else goes through `print`. */
  readonly stdout: Writable
  /** Whether anyone may be asked, or awaited (`--no-input` says no). */
  readonly allowsInput: boolean
  readonly now: () => number
}

/** How this program was called, for lines that are to be copied. */
export function commandName(env: Environment): string {
  const byNpm = env['npm_command'] !== undefined || env['npm_lifecycle_event'] !== undefined
  return byNpm ? 'npx ensemble' : 'ensemble'
}
