/** The verbs of a file's history. */
import { Option, type Command } from 'commander'
import type { BlameOptions, LogOptions, ShowOptions, TraceOptions } from './commands/history.js'
import type { RevertOptions, UndoOptions } from './commands/revert.js'
import { agentIdOption, authorOption, countOption, linesOption, sinceOption } from './options.js'
import { verb, withServer, type Perform } from './verb.js'

const AUTHORS = 'an agent, as CLAUDE-frontend; or DISK (the workspace’s own folder), PEER (an editor), git'

export function addHistory(program: Command, perform: Perform): void {
  withServer(
    verb(program, 'log', 'the revisions of a file, newest first, a deleted file’s too')
      .argument('<path>', 'a file of the workspace')
      .addOption(new Option('-n <count>', 'how many').argParser(countOption).default(20))
      .addOption(new Option('--agent <author>', `only those of ${AUTHORS}`).argParser(authorOption))
      .option('--json', 'one JSON object'),
    'ensemble log src/app.ts -n 5',
  ).action(async (path: string, options: LogOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/history.js')).logFile(path, options, context)),
  )

  withServer(
    verb(program, 'show', 'a file as it was at a revision, byte by byte')
      .argument('<path@rev>', 'a file and a revision, as src/app.ts@7; without one, as it is now')
      .option('--diff', 'instead: what that revision changed')
      .option('--json', 'one JSON object'),
    'ensemble show src/app.ts@7 --diff',
  ).action(async (path: string, options: ShowOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/history.js')).showVersion(path, options, context)),
  )

  withServer(
    verb(program, 'blame', 'who wrote which line of a file')
      .argument('<path>', 'a file of the workspace; src/app.ts@7 is an earlier revision of it')
      .addOption(new Option('-L, --lines <from,to>', 'only these, counted from 1').argParser(linesOption))
      .option('--json', 'one JSON object'),
    'ensemble blame src/app.ts -L 10,20',
  ).action(async (path: string, options: BlameOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/history.js')).blameFile(path, options, context)),
  )

  withServer(
    verb(
      program,
      'trace',
      'the way of a revision through the server: what came in, when it was stored, who was sent it',
    )
      .argument('<path@rev>', 'a file and a revision, as src/app.ts@7; without one, the newest')
      .option('--json', 'one JSON object'),
    'ensemble trace src/app.ts@7',
    'The server remembers the steps of its last 2,000 revisions. With ENSEMBLE_LOG=debug its log has each step as a line.',
  ).action(async (path: string, options: TraceOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/history.js')).traceRevision(path, options, context)),
  )

  withServer(
    asking(
      verb(program, 'revert', 'take back what an agent wrote: only its text goes, and what it removed comes back')
        .argument('[path]', 'only in this file (default: in every one)')
        .addOption(
          new Option('--agent <author>', `whose text: ${AUTHORS}`).argParser(authorOption).makeOptionMandatory(),
        )
        .addOption(
          new Option(
            '--since <when>',
            'only what came since: 10m, 2h, 3d, 2026-01-31T09:00; of one file, a revision',
          ).argParser(sinceOption),
        )
        .option('-y, --yes', 'do not ask, however many files it changes'),
    ),
    'ensemble revert --agent CODEX-api --since 2h',
    'Where others have changed the same lines since, they stay, and a conflict holds what was there before; exit code 3.',
  ).action(async (path: string | undefined, options: RevertOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/revert.js')).revertAgent(path, options, context)),
  )

  withServer(
    asking(
      verb(program, 'undo', 'take back your last revision; undo of an undo brings it back').argument(
        '[path]',
        'only in this file; without --as, whoever wrote there last',
      ),
    ),
    'ensemble undo src/app.ts',
  ).action(async (path: string | undefined, options: UndoOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/revert.js')).undoLast(path, options, context)),
  )
}

function asking(command: Command): Command {
  return command
    .addOption(
      new Option('--as <agent>', 'who asks, as CLAUDE-frontend (else ENSEMBLE_AGENT, else a person)').argParser(
        agentIdOption,
      ),
    )
    .option('-n, --dry-run', 'say what would be done, and do nothing')
    .option('--json', 'one JSON object')
}
