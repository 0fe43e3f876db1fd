/** The command line's process: reads the arguments, runs one verb, ends with its exit code. */
import { CommanderError } from 'commander'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { commandName, type Context } from './context.js'
import { EXIT, exitCodeOf } from './fault.js'
import { Print } from './print.js'
import { buildProgram, failureExit, type GlobalOptions } from './program.js'
import { sessionVerbs } from './session-program.js'
import { exitCodeAfter, Interrupted } from './signals.js'
import { usageError } from './usage.js'
import type { Work } from './verb.js'

async function main(args: readonly string[]): Promise<number> {
  const early = makePrint({ color: 'auto', input: true })
  let outcome: number = EXIT.ok
  const program = buildProgram({
    run: async (work, options, verb) => {
      outcome = await perform(work, options, failureExit(verb))
    },
    writeHelp: (text) => early.lines([text.trimEnd()]),
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return outcome
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.exitCode === 0) return EXIT.ok
    const verb = args.find((arg) => program.commands.some((command) => command.name() === arg))
    const exit = failureExit(verb) ?? EXIT.usage
    early.fault(usageError(thrown, args), args.includes('--json'), exit)
    return exit
  }
}

/** @param failed what it ends with if it fails; default: what the error's code says */
async function perform(
  work: Work,
  options: GlobalOptions & { readonly json?: boolean },
  failed: number | undefined,
): Promise<number> {
  const print = makePrint(options)
  const { input: allowsInput } = options
  const { stdin, stdout, env } = process
  const context: Context = {
    ...{ print, allowsInput, env, stdin, stdout },
    cwd: process.cwd(),
    now: Date.now,
    verbs: sessionVerbs,
  }
  try {
    return await work(context)
  } catch (thrown) {
    if (thrown instanceof Interrupted) return exitCodeAfter(thrown.signal)
    const error = withCause(thrown)
    const exit = failed ?? exitCodeOf(error.code)
    print.fault(error, options.json === true, exit)
    return exit
  }
}

function makePrint({ color, quiet = false }: GlobalOptions): Print {
  const { stdout, stderr, env } = process
  return new Print({ stdout, stderr, env, quiet, colour: color, timers: globalThis, command: commandName(env) })
}

/** What nobody expected is shown with where it happened: this is the user's own machine. */
function withCause(thrown: unknown): EnsembleError {
  const error = toEnsembleError(thrown)
  if (thrown instanceof EnsembleError || !(thrown instanceof Error)) return error
  return new EnsembleError('E_INTERNAL', `Something unexpected happened: ${thrown.message}`, {
    hint: 'Please report it with what follows.',
    data: { details: (thrown.stack ?? '').split('\n').slice(0, 8) },
    cause: thrown,
  })
}

// Whoever reads has seen enough (`ensemble status | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

process.exitCode = await main(process.argv.slice(2))
