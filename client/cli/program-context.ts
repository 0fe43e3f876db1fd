/** The verbs of the shared context. */
import { Argument, Option, type Command } from 'commander'
import { contextKind, type ContextKind } from '../../protocol/context.js'
import type { AddOptions } from './commands/context.js'
import type { AskOptions } from './commands/status.js'
import { agentIdOption } from './options.js'
import { example, verb, withServer, type Perform } from './verb.js'

export function addContextVerbs(program: Command, perform: Perform): void {
  const context = verb(program, 'context', 'what everyone has to know: decisions, notes, facts').helpCommand(false)
  example(context, 'ensemble context')
  withServer(
    context
      .command('get', { isDefault: true })
      .description('the task, who is here, and what was decided')
      .helpOption('-h, --help', 'print this help')
      .option('--json', 'one JSON object, with locks and recent changes'),
    'ensemble context get --json',
  ).action(async (options: AskOptions, command: Command) =>
    perform(command, async (own) => (await import('./commands/context.js')).getContext(options, own)),
  )

  withServer(
    verb(context, 'add', 'add a decision, a note or a fact')
      .addArgument(new Argument('<kind>', 'which of them').choices(contextKind.options))
      .argument('<text>', 'what it says')
      .option('--key <key>', 'of a fact, needed: the newest text of a key holds')
      .addOption(
        new Option('--as <agent>', 'who says it, as CLAUDE-frontend (else ENSEMBLE_AGENT, else a person)').argParser(
          agentIdOption,
        ),
      )
      .option('--json', 'one JSON object'),
    'ensemble context add decision "Prices are integers."',
  ).action(async (kind: ContextKind, text: string, options: AddOptions, command: Command) =>
    perform(command, async (own) => (await import('./commands/context.js')).addContext(kind, text, options, own)),
  )
}
