/**
 * Every verb of the command line, its options and its help. What a verb does stands in commands/, and is loaded when it runs:
 * most of what one verb needs, another does without.
 */
import { Command, Option } from 'commander'
import type { DashboardOptions } from './commands/dashboard.js'
import type { ConnectOptions } from './commands/connect.js'
import type { DemoOptions } from './commands/demo.js'
import type { DisconnectOptions } from './commands/disconnect.js'
import type { InitOptions } from './commands/init.js'
import type { MergeFileOptions } from './commands/merge-file.js'
import type { ResumeOptions } from './commands/resume.js'
import type { ServerStartOptions } from './commands/server-start.js'
import type { ServerStopOptions } from './commands/server-stop.js'
import type { AskOptions } from './commands/status.js'
import type { ColourChoice } from './colour.js'
import {
  agentTypeOption,
  colourOption,
  instanceOption,
  labelOption,
  markerSizeOption,
  partitionOption,
  portOption,
  roleOption,
} from './options.js'
import { addCompletion } from './program-completion.js'
import { addConflicts } from './program-conflicts.js'
import { addEvents } from './program-events.js'
import { addHistory } from './program-history.js'
import { addLocks } from './program-locks.js'
import { addContextVerbs } from './program-context.js'
import { addTasks } from './program-tasks.js'
import { example, verb, withServer, type Perform, type Work } from './verb.js'
import { VERSION } from './version.js'

/** Options that every verb has. */
export interface GlobalOptions {
  readonly color: ColourChoice
  readonly quiet?: boolean
  /** `--no-input` makes it false. */
  readonly input: boolean
}

export interface ProgramOptions {
  /** Gets what was asked for; commander's own faults are thrown by `parseAsync`. */
  readonly run: (work: Work, options: GlobalOptions & { readonly json?: boolean }, verb: string) => Promise<void>
  readonly writeHelp: (text: string) => void
}

const MERGE_FILE = 'merge-file'
const DEFAULT_PORT = 9999
const DEFAULT_HOST = '127.0.0.1'

/**
 * What a verb ends with when it could not do its work; undefined: what the error's code says.
 * Of merge-file, git reads 1 to 127 as conflicts and everything above as no merge.
 */
export function failureExit(verbName: string | undefined): number | undefined {
  return verbName === MERGE_FILE ? 255 : undefined
}

export function buildProgram({ run, writeHelp }: ProgramOptions): Command {
  const program = new Command('ensemble')
    .description('The realtime workspace between AI coding agents: one code base, edited by all of them at once.')
    .version(VERSION, '-v, --version', 'print the version')
    .addOption(new Option('--color <when>', 'auto, always or never').argParser(colourOption).default('auto'))
    .option('-q, --quiet', 'no messages: only what was asked for, and errors')
    .option('--no-input', 'never ask, never wait for someone')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: writeHelp, writeErr: () => undefined, outputError: () => undefined })
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: true })
    .helpCommand('help [command]', 'print the help of a command')
  example(program, 'ensemble server start ../my-project')
  const perform: Perform = async (command, work) =>
    await run(work, command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), command.name())

  addServer(program, perform)

  withServer(
    verb(program, 'connect', 'connect an agent: keeps its folder in step with everyone else’s')
      .usage('--agent <TYPE> --instance <name> [options]')
      .addOption(
        new Option('--agent <TYPE>', 'CLAUDE, CODEX, GEMINI …').argParser(agentTypeOption).makeOptionMandatory(),
      )
      .addOption(
        new Option('--instance <name>', 'its name, unique among all agents')
          .argParser(instanceOption)
          .makeOptionMandatory(),
      )
      .addOption(
        new Option('--partition <folder>', 'folder of the workspace that it works in').argParser(partitionOption),
      )
      .addOption(new Option('--role <role>', 'what it does in its team; may be given again').argParser(roleOption))
      .option('--dir <dir>', 'its own folder, made if only the last part is missing', '.')
      .option('--background', 'return once it is in step, and go on')
      .option('--json', 'one JSON object a line, both ways; with --background one object'),
    'ensemble connect --agent CLAUDE --instance frontend --partition src/frontend --dir ../copy-a',
    'Off a terminal it speaks JSON. The end of the input ends the session, unless that is /dev/null.',
  ).action(async (options: ConnectOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/connect.js')).connect(options, context)),
  )

  example(
    verb(program, 'disconnect', 'end the session that runs in a folder')
      .option('--dir <dir>', 'the agent’s folder', '.')
      .option('--json', 'one JSON object'),
    'ensemble disconnect --dir ../copy-a',
  ).action(async (options: DisconnectOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/disconnect.js')).disconnect(options, context)),
  )

  example(
    verb(
      program,
      'resume',
      'what a folder holds back, because much was deleted or changed at once, and what becomes of it',
    )
      .option('--dir <dir>', 'the folder (default: the nearest above the current one)')
      .option('--delete', 'delete for everyone what is gone in it')
      .option('--accept', 'pass on to everyone what changed in it')
      .option('--restore', 'bring back in it what the server has; what was written is kept aside')
      .option('--json', 'one JSON object'),
    'ensemble resume --dir ../copy-a --restore',
    'Without a choice it tells what is held, and asks. It needs no server.',
  ).action(async (options: ResumeOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/resume.js')).resumeFolder(options, context)),
  )

  withServer(
    verb(program, 'status', 'agents, files, conflicts and health').option('--json', 'one JSON object'),
    'ensemble status --json',
  ).action(async (options: AskOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/status.js')).showStatus(options, context)),
  )

  withServer(
    verb(program, 'dashboard', 'open the dashboard in the browser, by a link that is good once')
      .option('--print-url', 'only print the link')
      .option('--read-only', 'a page for watchers: it sees everything, and changes nothing')
      .option('--json', 'one JSON object'),
    'ensemble dashboard --read-only --print-url',
    'Where no browser can be opened it prints the link.',
  ).action(async (options: DashboardOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/dashboard.js')).dashboard(options, context)),
  )

  addConflicts(program, perform)
  addEvents(program, perform)
  addHistory(program, perform)
  addLocks(program, perform)
  addTasks(program, perform)
  addContextVerbs(program, perform)
  addMerging(program, perform)
  addCompletion(program, perform)

  example(
    verb(program, 'demo', 'three scripted agents in one real source tree, in under a minute')
      .option('--dir <dir>', 'where to make its folders (default: a temporary folder)')
      .option('--keep', 'leave the folders where they are')
      .option('--no-wait', 'end when the story is told, without a look at the dashboard'),
    'ensemble demo --keep',
  ).action(async (options: DemoOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/demo.js')).demo(options, context)),
  )
  return program
}

function addServer(program: Command, perform: Perform): void {
  const server = verb(program, 'server', 'start, stop and look at the server of a folder').helpCommand(false)
  example(server, 'ensemble server status')

  example(
    verb(server, 'start', 'serve a folder')
      .argument('[dir]', 'the folder to serve (default: the current one)')
      .option('--workspace <dir>', 'the same, as an option')
      .addOption(new Option('--port <port>', '0 takes a free one').argParser(portOption).default(DEFAULT_PORT))
      .option('--host <host>', 'address to listen on; 0.0.0.0 opens it to the network', DEFAULT_HOST)
      .option('--background', 'return once it is ready, and go on')
      .option('--json', 'print one JSON object when it is ready'),
    'ensemble server start ../my-project --background',
  ).action(async (dir: string | undefined, options: ServerStartOptions, command: Command) =>
    perform(command, async (context) =>
      (await import('./commands/server-start.js')).serverStart(dir, options, context),
    ),
  )

  example(
    verb(server, 'stop', 'stop a server, and wait until it has stopped')
      .option('--workspace <dir>', 'the folder that it serves')
      .addOption(new Option('--port <port>', 'the port that it listens on').argParser(portOption))
      .option('--url <url>', 'its address')
      .option('--json', 'one JSON object'),
    'ensemble server stop --workspace ../my-project',
  ).action(async (options: ServerStopOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/server-stop.js')).serverStop(options, context)),
  )

  withServer(
    verb(server, 'status', 'whether it runs, where, and how it is').option('--json', 'one JSON object'),
    'ensemble server status',
  ).action(async (options: AskOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/status.js')).showServerStatus(options, context)),
  )
}

function addMerging(program: Command, perform: Perform): void {
  example(
    verb(program, MERGE_FILE, 'merge two texts upon their base, as git merge-file does, with fewer conflicts')
      .argument('[current]', 'our text; the result is written here')
      .argument('[base]', 'what both began with')
      .argument('[other]', 'their text')
      .option('-p, --stdout', 'print the result, and leave CURRENT as it is')
      .option('--json', 'one JSON object: the text, its conflicts, and each place that a side changed')
      .addOption(new Option('-L, --label <label>', 'for CURRENT, BASE and OTHER, in turn').argParser(labelOption))
      .option('--diff3', 'show the base in conflicts')
      .addOption(new Option('--zdiff3', 'the same, without lines that both sides share').conflicts('diff3'))
      .addOption(new Option('--ours', 'in conflicts, our text').conflicts(['theirs', 'union']))
      .addOption(new Option('--theirs', 'in conflicts, their text').conflicts('union'))
      .option('--union', 'in conflicts, our text and then theirs')
      .addOption(new Option('--marker-size <n>', 'signs in a marker (default: 7)').argParser(markerSizeOption))
      .option('--path <path>', 'what the file is called in messages')
      .option(
        '--batch <cases>',
        'instead: merge each line {id, base, ours, theirs} of a file (.jsonl, .jsonl.gz, or -)',
      ),
    'ensemble merge-file -p mine.ts base.ts theirs.ts',
    'Exit code: the number of conflicts, at most 127; 255 if nothing could be merged.',
  ).action(
    async (
      current: string | undefined,
      base: string | undefined,
      other: string | undefined,
      options: MergeFileOptions,
      command: Command,
    ) => {
      const files = [current, base, other].filter((file) => file !== undefined)
      await perform(command, async (context) =>
        (await import('./commands/merge-file.js')).mergeFile(files, options, context),
      )
    },
  )

  example(
    verb(program, 'init', 'set up the git repository of the current folder')
      .option('--git-merge-driver', 'let git merge with ensemble merge-file')
      .option('--remove', 'undo it')
      .option('--json', 'one JSON object'),
    'ensemble init --git-merge-driver',
  ).action(async (options: InitOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/init.js')).init(options, context)),
  )
}
