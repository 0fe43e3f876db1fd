/** The verbs of locks. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { lockId, type LockId } from '../../protocol/ids.js'
import { DEFAULT_TTL, lockType, MAX_TTL, MAX_WAIT } from '../../protocol/locks.js'
import type { AcquireOptions, BreakOptions, ListOptions, ReleaseOptions, RenewOptions } from './commands/locks.js'
import { agentIdOption } from './options.js'
import { example, verb, withServer, type Perform } from './verb.js'

const asAgent = (): Option =>
  new Option('--as <agent>', 'whose lock, as CLAUDE-frontend (else ENSEMBLE_AGENT)').argParser(agentIdOption)
const lines = (): Option => new Option('--lines <from-to>', 'only these lines of it, as 10-40').argParser(rangeOption)
const symbol = (): Option =>
  new Option('--symbol <name>', 'only this function, class or method, as render or App.render').conflicts('lines')
const life = (): Option =>
  new Option('--ttl <seconds>', `how long it lasts unless renewed, at most ${MAX_TTL}`).argParser(
    secondsUpTo(1, MAX_TTL),
  )
const id = (): Option => new Option('--id <lock>', 'its id, as "lock list" shows it').argParser(lockIdOption)

export function addLocks(program: Command, perform: Perform): void {
  const lock = verb(program, 'lock', 'whose a file, or a part of it, is for now').helpCommand(false)
  example(lock, 'ensemble lock list')

  withServer(
    verb(lock, 'acquire', 'take a lock, or say who has it')
      .requiredOption('--file <file>', 'the file')
      .addOption(lines())
      .addOption(symbol())
      .addOption(new Option('--type <type>', 'EXCLUSIVE unless told').choices(lockType.options))
      .addOption(life())
      .addOption(
        new Option('--wait <seconds>', `how long to wait for it, at most ${MAX_WAIT} (default: not at all)`).argParser(
          secondsUpTo(0, MAX_WAIT),
        ),
      )
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble lock acquire --file src/app.ts --lines 10-40 --wait 60 --as CLAUDE-frontend',
    `It lasts ${DEFAULT_TTL} seconds, or as long as the agent is connected. Exit 3: refused; 5: the wait is over.`,
  ).action(async (options: AcquireOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/locks.js')).acquireLock(options, context)),
  )

  withServer(
    verb(lock, 'release', 'give a lock back, or all on a file')
      .option('--file <file>', 'the file')
      .addOption(lines())
      .addOption(symbol())
      .addOption(id())
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble lock release --file src/app.ts --as CLAUDE-frontend',
  ).action(async (options: ReleaseOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/locks.js')).releaseLock(options, context)),
  )

  withServer(
    verb(lock, 'renew', 'keep a lock for longer')
      .addOption(id().makeOptionMandatory())
      .addOption(life())
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble lock renew --id l7 --ttl 600 --as CLAUDE-frontend',
  ).action(async (options: RenewOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/locks.js')).renewLock(options, context)),
  )

  withServer(
    lock
      .command('list', { isDefault: true })
      .description('who holds what, and who waits')
      .helpOption('-h, --help', 'print this help')
      .option('--file <file>', 'only on this file')
      .addOption(new Option('--holder <agent>', 'only of this agent').argParser(agentIdOption))
      .option('--json', 'one JSON object'),
    'ensemble lock list --file src/app.ts',
  ).action(async (options: ListOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/locks.js')).listLocks(options, context)),
  )

  withServer(
    verb(lock, 'break', 'take a lock away from its holder')
      .addOption(id().makeOptionMandatory())
      .option('--yes', 'it is meant')
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble lock break --id l7 --yes',
  ).action(async (options: BreakOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/locks.js')).breakLock(options, context)),
  )
}

/** `10-40`, or `10`; counted from 1. */
function rangeOption(text: string): { readonly from: number; readonly to: number } {
  const [, first, last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? []
  const from = Number(first ?? 0)
  const to = last === undefined ? from : Number(last)
  if (from > 0 && to >= from) return { from, to }
  throw new InvalidArgumentError('Lines are counted from 1, and read 10-40.')
}

function secondsUpTo(least: number, most: number): (text: string) => number {
  return (text) => {
    const seconds = /^\d{1,9}(?:\.\d{1,3})?$/.test(text) ? Number(text) : NaN
    if (seconds >= least && seconds <= most) return seconds
    throw new InvalidArgumentError(`It is a number of seconds from ${least} to ${most}.`)
  }
}

function lockIdOption(text: string): LockId {
  const parsed = lockId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('It reads l7; "ensemble lock list" shows it.')
}
