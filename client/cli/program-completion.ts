/** The verbs of shell completion. */
import { Argument, Option, type Command } from 'commander'
import { candidates } from './completion/candidates.js'
import { isShell, SCRIPTS, SHELLS } from './completion/scripts.js'
import { EXIT } from './fault.js'
import { example, verb, type Perform } from './verb.js'

/** Longer nobody waits for a key. In milliseconds. */
const PATIENCE = 100

export function addCompletion(program: Command, perform: Perform): void {
  example(
    verb(program, 'completion', 'what a shell needs to complete verbs, options, paths, agents, conflicts and tasks')
      .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
      .option('--json', 'one JSON object'),
    'ensemble completion bash',
    'It says at its beginning where to put it.',
  ).action(async (shell: string, { json }: { readonly json?: boolean }, command: Command) =>
    perform(command, ({ print }) => {
      if (!isShell(shell)) return Promise.resolve(EXIT.usage)
      if (json === true) print.json({ schema: 'ensemble.completion/1', shell, script: SCRIPTS[shell] })
      else print.lines(SCRIPTS[shell].split('\n'))
      return Promise.resolve(EXIT.ok)
    }),
  )

  example(
    program
      .command('complete', { hidden: true })
      .description('what the word under the cursor can become; the scripts of completion ask it')
      .argument('[words...]')
      .helpOption('-h, --help', 'print this help'),
    'ensemble complete -- log src/',
  )
    .addOption(new Option('--within <milliseconds>', 'no longer').argParser(Number).default(PATIENCE))
    .action(async (words: readonly string[], { within }: { readonly within: number }, command: Command) =>
      perform(command, async (context) => {
        // PowerShell drops an argument that is empty, so its script says '""'.
        const typed = words.map((word) => (word === '""' ? '' : word))
        const { words: fixed, source, typed: last } = candidates(program, typed)
        const live =
          source === null
            ? []
            : await (await import('./completion/live-values.js')).liveValues(source, last, context, within)
        const found = [...fixed, ...live].filter((word) => word.startsWith(last) && !/[\r\n]/.test(word))
        if (found.length > 0) context.print.lines(found)
        return EXIT.ok
      }),
    )
}
