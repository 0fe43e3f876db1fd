/** The verbs of a file's history. */
import { Option, type Command } from 'commander'
import {
  blameFile,
  logFile,
  showVersion,
  type BlameOptions,
  type LogOptions,
  type ShowOptions,
} from './commands/history.js'
import { authorOption, countOption, linesOption } from './options.js'
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
    perform(command, (context) => logFile(path, options, context)),
  )

  withServer(
    verb(program, 'show', 'a file as it was at a revision, byte by byte')
      .argument('<path@rev>', 'a file and a revision, as src/app.ts@7; without one, as it is now')
      .option('--diff', 'instead: what that revision changed')
      .option('--json', 'one JSON object'),
    'ensemble show src/app.ts@7 --diff',
  ).action(async (path: string, options: ShowOptions, command: Command) =>
    perform(command, (context) => showVersion(path, options, context)),
  )

  withServer(
    verb(program, 'blame', 'who wrote which line of a file')
      .argument('<path>', 'a file of the workspace; src/app.ts@7 is an earlier revision of it')
      .addOption(new Option('-L, --lines <from,to>', 'only these, counted from 1').argParser(linesOption))
      .option('--json', 'one JSON object'),
    'ensemble blame src/app.ts -L 10,20',
  ).action(async (path: string, options: BlameOptions, command: Command) =>
    perform(command, (context) => blameFile(path, options, context)),
  )
}
