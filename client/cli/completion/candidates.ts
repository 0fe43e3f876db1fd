/** What may stand where the cursor is, read from the program itself: a new verb or option is completed as soon as it exists. */
import type { Argument, Command, Option } from 'commander'

/** Values that are asked for: of the server, or (`disk`) of this machine. */
export type Source = 'paths' | 'agents' | 'instances' | 'types' | 'conflicts' | 'tasks' | 'disk'

export interface Candidates {
  readonly words: readonly string[]
  readonly source: Source | null
  /** What is typed of it so far. */
  readonly typed: string
}

/** @param typed the words behind `ensemble`, the last of them as far as it is typed, perhaps not at all */
export function candidates(program: Command, typed: readonly string[]): Candidates {
  const last = typed.at(-1) ?? ''
  let command = program
  let operands = 0
  let awaits: Option | undefined
  for (const word of typed.slice(0, -1)) {
    if (awaits !== undefined) {
      awaits = undefined
      continue
    }
    if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => word === long || word === short)
      awaits = option !== undefined && takesValue(option) ? option : undefined
      continue
    }
    const deeper = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined
    if (deeper === undefined) operands++
    else command = deeper
  }
  if (awaits !== undefined) return valuesOf(command, awaits.flags, awaits.argChoices, last)
  if (last.startsWith('-')) return { words: optionsOf(command).flatMap(namesOf), source: null, typed: last }
  const verbs = operands === 0 ? command.commands.filter(isShown).map((one) => one.name()) : []
  const argument = argumentAt(command, operands)
  const values = argument === undefined ? nothing(last) : valuesOf(command, argument.name(), argument.argChoices, last)
  return { ...values, words: [...verbs, ...values.words] }
}

function valuesOf(command: Command, flags: string, choices: readonly string[] | undefined, typed: string): Candidates {
  if (choices !== undefined) return { words: choices, source: null, typed }
  const [, name = flags] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? []
  return { words: [], source: sourceOf(command, flags, name), typed }
}

function sourceOf(command: Command, flags: string, name: string): Source | null {
  switch (name) {
    case 'path':
    case 'path@rev':
      return 'paths'
    case 'agent':
    case 'author':
      return 'agents'
    case 'name':
      return 'instances'
    case 'TYPE':
      return 'types'
    case 'id': {
      const noun = command.parent?.name()
      if (flags.startsWith('--task') || noun === 'tasks') return 'tasks'
      return noun === 'conflicts' ? 'conflicts' : null
    }
    case 'dir':
    case 'file':
    case 'folder':
    case 'cases':
    case 'current':
    case 'base':
    case 'other':
      return 'disk'
    default:
      return null
  }
}

/** The one at that place; a last one that may be repeated stands for all that follow. */
function argumentAt({ registeredArguments }: Command, place: number): Argument | undefined {
  const last = registeredArguments.at(-1)
  return registeredArguments[place] ?? (last?.variadic === true ? last : undefined)
}

/** Its own, and those of the commands above it. */
function optionsOf(command: Command): Option[] {
  const above = command.parent === null ? [] : optionsOf(command.parent)
  const own = command.createHelp().visibleOptions(command)
  return [...own, ...above.filter(({ long }) => !own.some((one) => one.long === long))]
}

const namesOf = ({ long, short }: Option): string[] => ((long ?? short) === undefined ? [] : [long ?? short ?? ''])
const takesValue = ({ required, optional }: Option): boolean => required || optional
const nothing = (typed: string): Candidates => ({ words: [], source: null, typed })

function isShown(command: Command): boolean {
  return command.parent?.createHelp().visibleCommands(command.parent).includes(command) === true
}
