/** The verbs of conflicts. */
import { Option, type Command } from 'commander'
import type { ListOptions, MaterializeOptions, ResolveOptions } from './commands/conflicts.js'
import type { AskOptions } from './commands/status.js'
import { agentIdOption } from './options.js'
import { example, verb, withServer, type Perform } from './verb.js'

const ID = 'its id, or how that begins'
const asAgent = (): Option =>
  new Option('--as <agent>', 'who decides, as CLAUDE-frontend (else ENSEMBLE_AGENT, else a person)').argParser(
    agentIdOption,
  )

export function addConflicts(program: Command, perform: Perform): void {
  const conflicts = verb(program, 'conflicts', 'what two wrote at one place: see it, decide it').helpCommand(false)
  example(conflicts, 'ensemble conflicts')

  withServer(
    conflicts
      .command('list', { isDefault: true })
      .description('those that nobody decided yet')
      .helpOption('-h, --help', 'print this help')
      .option('--all', 'the closed ones, too')
      .option('--path <path>', 'only those in one file')
      .option('--json', 'one JSON object'),
    'ensemble conflicts list --all --path src/app.ts',
  ).action(async (options: ListOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/conflicts.js')).listConflicts(options, context)),
  )

  withServer(
    verb(conflicts, 'show', 'both sides, what they started from, and what stands there now')
      .argument('<id>', ID)
      .option('--json', 'one JSON object'),
    'ensemble conflicts show 3f2a',
  ).action(async (id: string, options: AskOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/conflicts.js')).showConflict(id, options, context)),
  )

  withServer(
    verb(conflicts, 'resolve', 'say what is to stand there')
      .argument('<id>', ID)
      .addOption(new Option('--ours', 'what stands in the file').conflicts(['theirs', 'both', 'file']))
      .addOption(new Option('--theirs', 'what is held').conflicts(['both', 'file']))
      .addOption(new Option('--both', 'what stands, and below it what is held').conflicts('file'))
      .option('--file <file>', 'the lines in this file; where the conflict is of a whole file, all of it')
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble conflicts resolve 3f2a --theirs',
    'It is written upon the file as it is now: lines that were changed since are never overwritten.',
  ).action(async (id: string, options: ResolveOptions, command: Command) =>
    perform(command, async (context) =>
      (await import('./commands/conflicts.js')).resolveConflict(id, options, context),
    ),
  )

  withServer(
    verb(conflicts, 'materialize', 'write both sides into the file, between markers, to edit them there')
      .argument('<id>', ID)
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble conflicts materialize 3f2a',
    'Everyone has the markers in their copy until someone takes them out, which closes the conflict.',
  ).action(async (id: string, options: MaterializeOptions, command: Command) =>
    perform(command, async (context) =>
      (await import('./commands/conflicts.js')).materializeConflict(id, options, context),
    ),
  )
}
