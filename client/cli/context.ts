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
  /** Of the command line, for a session that takes them too. */
  readonly verbs: SessionVerbs
}

/** The verbs of the command line, run from within (session-program.ts). */
export interface SessionVerbs {
  readonly names: readonly string[]
  /** What the last of the words can become. */
  readonly complete: (words: readonly string[]) => readonly string[]
  /** @returns the exit code. @throws EnsembleError what the verb says, and E_USAGE */
  readonly run: (args: readonly string[], context: Context) => Promise<number>
}

/** How this program was called, for lines that are to be copied. */
export function commandName(env: Environment): string {
  const byNpm = env['npm_command'] !== undefined || env['npm_lifecycle_event'] !== undefined
  return byNpm ? 'npx ensemble' : 'ensemble'
}
