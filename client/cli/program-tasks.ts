/** The verbs of tasks. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { taskMode, type SubtaskState } from '../../protocol/tasks.js'
import type { AssignOptions, changeTask, NewOptions, Step } from './commands/tasks.js'
import type { AskOptions } from './commands/status.js'
import { agentIdOption, agentTypeOption, instanceOption, labelOption } from './options.js'
import { example, verb, withServer, type Perform } from './verb.js'

const asAgent = (): Option =>
  new Option('--as <agent>', 'who asks, as CLAUDE-frontend (else ENSEMBLE_AGENT, else a person)').argParser(
    agentIdOption,
  )
const ofTask = (): Option =>
  new Option('--task <id>', 'its id, or how that begins (default: the only one that is open)')
const SUBTASK = 'its number, or its title'

type ChangeOptions = Parameters<typeof changeTask>[1]

export function addTasks(program: Command, perform: Perform): void {
  withServer(
    verb(program, 'new', 'make a task, and its file')
      .requiredOption('--title <title>', 'what is to be done')
      .addOption(new Option('--mode <mode>', 'how it is worked on').choices(taskMode.options).default('SOLO'))
      .addOption(new Option('--subtask <title>', 'a part of it; may be given several times').argParser(labelOption))
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble new --mode PAR-MULTI --title "Checkout"',
    'The first task is in step with task.md, others with a file in .notes/ACTIVE.',
  ).action(async (options: NewOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/tasks.js')).newTask(options, context)),
  )

  withServer(
    verb(program, 'assign', 'give a subtask to an agent; one that the task does not have is added')
      .addOption(new Option('--instance <name>', 'the agent’s').argParser(instanceOption).makeOptionMandatory())
      .requiredOption('--subtask <subtask>', 'its title, or its number')
      .addOption(
        new Option('--agent <TYPE>', 'the type of an agent that is not connected yet').argParser(agentTypeOption),
      )
      .addOption(ofTask())
      .addOption(asAgent())
      .option('--json', 'one JSON object'),
    'ensemble assign --instance frontend --subtask "UI Components"',
  ).action(async (options: AssignOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/tasks.js')).assignSubtask(options, context)),
  )

  const tasks = verb(program, 'tasks', 'what is to be done, by whom, and how far it is').helpCommand(false)
  example(tasks, 'ensemble tasks')
  withServer(
    tasks
      .command('list', { isDefault: true })
      .description('all of them, those that go on first')
      .helpOption('-h, --help', 'print this help')
      .option('--json', 'one JSON object'),
    'ensemble tasks list --json',
  ).action(async (options: AskOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/tasks.js')).listTasks(options, context)),
  )

  withServer(
    verb(tasks, 'show', 'one task with its subtasks')
      .argument('[id]', 'its id, or how that begins')
      .option('--json', 'one JSON object'),
    'ensemble tasks show',
  ).action(async (id: string | undefined, options: AskOptions, command: Command) =>
    perform(command, async (context) => (await import('./commands/tasks.js')).showTask(id, options, context)),
  )

  const change = (name: string, what: string, line: string, note?: string): Command =>
    withServer(
      verb(tasks, name, what).addOption(ofTask()).addOption(asAgent()).option('--json', 'one JSON object'),
      `ensemble tasks ${line}`,
      note,
    )
  const act = async (step: Step, options: ChangeOptions, command: Command): Promise<void> =>
    await perform(command, async (context) => (await import('./commands/tasks.js')).changeTask(step, options, context))

  change(
    'claim',
    'take a subtask and begin it: one of all who ask',
    'claim 2 --as CLAUDE-frontend',
    'Exit 3: someone else has it.',
  )
    .argument('[subtask]', `${SUBTASK} (default: the first that is free)`)
    .action(async (subtask: string | undefined, options: ChangeOptions, command: Command) =>
      act({ do: 'claim', subtask }, options, command),
    )
  for (const [name, state, what] of MOVES) {
    change(name, what, `${name} 2 --as CLAUDE-frontend`)
      .argument('<subtask>', SUBTASK)
      .action(async (subtask: string, options: ChangeOptions, command: Command) =>
        act({ do: 'move', subtask, state }, options, command),
      )
  }
  change('progress', 'say how far a subtask is', 'progress 2 60 --as CLAUDE-frontend')
    .argument('<subtask>', SUBTASK)
    .argument('<percent>', 'from 0 to 100', percent)
    .action(async (subtask: string, progress: number, options: ChangeOptions, command: Command) =>
      act({ do: 'progress', subtask, progress }, options, command),
    )
  change(
    'depend',
    'say what has to be done before a subtask starts',
    'depend 3 1 2',
    'Without others it waits for nothing any more.',
  )
    .argument('<subtask>', SUBTASK)
    .argument('[others...]', 'their numbers, or titles')
    .action(async (subtask: string, on: readonly string[], options: ChangeOptions, command: Command) =>
      act({ do: 'depend', subtask, on }, options, command),
    )
  for (const [name, what] of TURNS) {
    change(name, what, name).action(async (options: ChangeOptions, command: Command) =>
      act({ do: name }, options, command),
    )
  }
}

const MOVES: readonly (readonly [name: string, state: SubtaskState, what: string])[] = [
  ['start', 'running', 'begin a subtask, or take it back from review'],
  ['review', 'review', 'hand a subtask to whoever reviews it'],
  ['done', 'done', 'finish a subtask'],
  ['reopen', 'waiting', 'put a subtask back to those that wait'],
]
const TURNS = [
  ['halt', 'nobody works on it for now'],
  ['resume', 'go on with it'],
  ['complete', 'all of it is done'],
] as const

function percent(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : NaN
  if (number <= 100) return number
  throw new InvalidArgumentError('It is a number from 0 to 100.')
}
