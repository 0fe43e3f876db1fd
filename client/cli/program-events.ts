/** The verbs of events and presence. */
import { Argument, InvalidArgumentError, Option, type Command } from 'commander'
import { agentState, type AgentState } from '../../protocol/agents.js'
import { addressee, type Addressee } from '../../protocol/events.js'
import type { acknowledge, BroadcastOptions, InboxOptions } from './commands/broadcast.js'
import type { EventsOptions } from './commands/events.js'
import type { PresenceOptions } from './commands/presence.js'
import { agentIdOption, countOption, labelOption, roleOption } from './options.js'
import { verb, withServer, type Perform } from './verb.js'

const asAgent = (): Option =>
  new Option('--as <agent>', 'who asks, as CLAUDE-frontend (else ENSEMBLE_AGENT)').argParser(agentIdOption)

export function addEvents(program: Command, perform: Perform): void {
  withServer(
    verb(program, 'events', 'what happened, and what happens')
      .option('-f, --follow', 'go on with each event as it comes')
      .addOption(new Option('--since <number>', 'all after this event').argParser(numberOption))
      .addOption(new Option('-n <count>', 'without --since: the newest so many').argParser(countOption).default(20))
      .addOption(
        new Option('--type <type>', 'only this type, or lock:* for all of a kind; may be given again').argParser(
          labelOption,
        ),
      )
      .addOption(
        new Option('--path <glob>', 'only about these files, as src/auth/**; may be given again').argParser(
          labelOption,
        ),
      )
      .addOption(asAgent())
      .option('--json', 'one JSON object; with --follow one a line'),
    "ensemble events --follow --type 'review:*' --path 'src/auth/**'",
    'As an agent: what is for it. Ctrl-C ends it.',
  ).action(async (options: EventsOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/events.js')).showEvents(options, context)),
  )

  withServer(
    verb(program, 'broadcast', 'say something to everybody, a role or an agent')
      .argument('<type>', 'broadcast, plan:proposed, review:completed …')
      .requiredOption('--data <json>', 'what its type asks for; of broadcast, any object')
      .addOption(new Option('--to <agent>', 'for one agent').argParser((text) => ({ agent: agentIdOption(text) })))
      .addOption(new Option('--role <role>', 'for a role, or a type as CODEX').argParser(roleAddress).conflicts('to'))
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    `ensemble broadcast plan:proposed --data '{"plan_id":"p1","title":"Split the API"}' --as GEMINI-plan`,
  ).action(async (type: string, options: BroadcastOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/broadcast.js')).broadcast(type, options, context)),
  )

  withServer(
    verb(program, 'ack', 'note that an agent has taken note of an event')
      .argument('<number>', 'of the event', numberOption)
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble ack 1041 --as CLAUDE-frontend',
  ).action(async (seq: number, options: Parameters<typeof acknowledge>[1], command: Command) =>
    perform(command, async (context) => (await import('./commands/broadcast.js')).acknowledge(seq, options, context)),
  )

  withServer(
    verb(program, 'inbox', 'what was said to an agent and has not reached it yet; each message comes once')
      .option('--peek', 'look, and leave it there')
      .addOption(new Option('-n <count>', 'at most so many').argParser(atMost200).default(50))
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble inbox --as CLAUDE-frontend --json',
  ).action(async (options: InboxOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/broadcast.js')).showInbox(options, context)),
  )

  withServer(
    verb(program, 'presence', 'say what an agent does')
      .addArgument(new Argument('<state>').choices(agentState.options))
      .option('--file <path>', 'the file that it works at')
      .option('--symbol <name>', 'what it works at in there')
      .addOption(new Option('--role <role>', 'what it does in its team; may be given again').argParser(roleOption))
      .addOption(
        new Option('--ttl <seconds>', 'without a session: how long it counts as there (default: 60)').argParser(
          countOption,
        ),
      )
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble presence reviewing --file src/app.ts --as CODEX-review --ttl 300',
  ).action(async (state: AgentState, options: PresenceOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/presence.js')).setPresence(state, options, context)),
  )
}

function numberOption(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is the number of an event, or 0.')
}

function atMost200(text: string): number {
  const number = countOption(text)
  if (number <= 200) return number
  throw new InvalidArgumentError('It is a number from 1 to 200.')
}

function roleAddress(text: string): Addressee {
  const parsed = addressee.safeParse({ role: text })
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('It is a role, as reviewer, or a type of agents, as CODEX.')
}
