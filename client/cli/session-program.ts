/** The verbs of the command line, for a session that takes them: each is written once, in program.ts and commands/. */
import { CommanderError, type Command } from 'commander'
import { candidates } from './completion/candidates.js'
import type { SessionVerbs } from './context.js'
import { EXIT } from './fault.js'
import { buildProgram } from './program.js'
import { usageError } from './usage.js'

/** What starts or ends processes, or is about a folder of its own, has no place in a session; three it has itself. */
const ELSEWHERE = new Set([
  ...['server', 'dashboard', 'connect', 'disconnect', 'demo', 'init', 'merge-file', 'completion', 'complete'],
  ...['status', 'resume', 'help'],
])

let idle: Command | undefined

/** To be looked at. Made when a session asks: most command lines are none. */
function verbsAtRest(): Command {
  return (idle ??= buildProgram({ run: () => Promise.resolve(), writeHelp: () => undefined }))
}

export const sessionVerbs: SessionVerbs = {
  get names() {
    return verbsAtRest()
      .commands.map((command) => command.name())
      .filter((name) => !ELSEWHERE.has(name))
  },

  complete: (words) => {
    const { words: found, typed } = candidates(verbsAtRest(), words)
    return found.filter((word) => word.startsWith(typed))
  },

  run: async (args, context) => {
    let outcome: number = EXIT.ok
    const program = buildProgram({
      run: async (work) => {
        outcome = await work(context)
      },
      writeHelp: (text) => context.print.lines([text.trimEnd()]),
    })
    try {
      await program.parseAsync(args, { from: 'user' })
    } catch (thrown) {
      if (!(thrown instanceof CommanderError)) throw thrown
      if (thrown.exitCode !== 0) throw usageError(thrown, args)
    }
    return outcome
  },
}
