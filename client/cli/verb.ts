/** How a verb of the command line is put together: its name, its help, its example, and how it is run. */
import type { Command } from 'commander'
import type { Context } from './context.js'

/** Returns the exit code. */
export type Work = (context: Context) => Promise<number>

/** Runs what a verb does, with the options that it was given. */
export type Perform = (command: Command, work: Work) => Promise<void>

export function verb(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).helpOption('-h, --help', 'print this help')
}

export function example(command: Command, line: string, note?: string): Command {
  return command.addHelpText('after', `${note === undefined ? '' : `\n${note}\n`}\nExample:\n  ${line}`)
}

/** For verbs that speak to a server. */
export function withServer(command: Command, line: string, note?: string): Command {
  command
    .option('--url <url>', 'address of the server (else ENSEMBLE_URL, .ensemble above, the one that runs)')
    .option('--token-file <file>', 'file with its token (else ENSEMBLE_TOKEN, .ensemble/token of the workspace)')
  return example(command, line, note)
}
