/**
 * Everything that a key or the palette can do, by name: the one list behind the listener, the help (`?`) and the palette's hints.
 * A part says what a command does while it is shown (`useCommands`).
 */

export interface Command {
  /** One key, or two after each other: `/`, `g o`; with Control (or Command): `Ctrl+Enter`. Null: from the palette alone. */
  readonly keys: string | null
  readonly label: string
  /** Where it is found; one key means one thing in each place. */
  readonly place: Place
  /** Heard while someone types, too: no key that writes anything. */
  readonly always?: true
  /** For the hand on the keyboard alone: the palette does not offer it. */
  readonly keyOnly?: true
}

export const PLACES = ['Everywhere', 'Overview', 'Lists', 'Files', 'Conflict'] as const
export type Place = (typeof PLACES)[number]

export const COMMANDS = {
  find: { keys: 'Ctrl+k', label: 'Find or run anything', place: 'Everywhere', always: true, keyOnly: true },
  help: { keys: '?', label: 'Show the keys', place: 'Everywhere' },
  overview: { keys: 'g o', label: 'Go to the overview', place: 'Everywhere' },
  files: { keys: 'g f', label: 'Go to the files', place: 'Everywhere' },
  conflicts: { keys: 'g c', label: 'Go to the conflicts', place: 'Everywhere' },
  tasks: { keys: 'g t', label: 'Go to the tasks', place: 'Everywhere' },
  locks: { keys: 'g l', label: 'Go to the locks', place: 'Everywhere' },
  agents: { keys: 'g a', label: 'Go to the agents', place: 'Everywhere' },
  nextWaiting: { keys: 'i', label: 'Go to the next thing that waits for you', place: 'Everywhere' },
  person: { keys: null, label: 'Change the name that you act under', place: 'Everywhere' },
  theme: { keys: null, label: 'Switch between light and dark', place: 'Everywhere' },
  singleKeys: { keys: null, label: 'Turn single keys on or off', place: 'Everywhere' },
  hold: { keys: 'h', label: 'Hold the events, or let them run', place: 'Overview' },
  filterEvents: { keys: '/', label: 'Filter the events', place: 'Overview' },
  down: { keys: 'j', label: 'Go down the list', place: 'Lists', keyOnly: true },
  up: { keys: 'k', label: 'Go up the list', place: 'Lists', keyOnly: true },
  openIt: { keys: 'Enter', label: 'Go there', place: 'Lists', keyOnly: true },
  peek: { keys: 'Space', label: 'Look at it without going there', place: 'Lists', keyOnly: true },
  closePanel: { keys: 'Escape', label: 'Close what is open beside the list', place: 'Lists', keyOnly: true },
  filterFiles: { keys: '/', label: 'Filter the files', place: 'Files' },
  blame: { keys: 'b', label: 'Show who wrote which line, or not', place: 'Files' },
  follow: { keys: 'f', label: 'Follow the next agent in this file', place: 'Files' },
  history: { keys: 'h', label: 'Show the history of the file, or not', place: 'Files' },
  older: { keys: '[', label: 'Show the file before this change', place: 'Files' },
  newer: { keys: ']', label: 'Show the file after the next change', place: 'Files' },
  lock: { keys: 'l', label: 'Lock the selected lines, or release them', place: 'Files' },
  nextChange: { keys: 'F7', label: 'Go to the next change', place: 'Conflict', always: true },
  useOurs: { keys: '1', label: 'Use what stands in the file', place: 'Conflict' },
  useBase: { keys: '2', label: 'Keep what both started from', place: 'Conflict' },
  useTheirs: { keys: '3', label: 'Use what is held', place: 'Conflict' },
  useBoth: { keys: '4', label: 'Use both', place: 'Conflict' },
  resolve: { keys: 'Ctrl+Enter', label: 'Resolve the conflict', place: 'Conflict', always: true },
  undo: { keys: 'u', label: 'Take back what you have just done', place: 'Everywhere' },
} as const satisfies Readonly<Record<string, Command>>
export type CommandId = keyof typeof COMMANDS

/** What commands do now. */
export type Handlers = Partial<Readonly<Record<CommandId, () => void>>>

export function commandOf(id: CommandId): Command {
  return COMMANDS[id]
}

export const COMMAND_IDS = Object.keys(COMMANDS).filter((id): id is CommandId => Object.hasOwn(COMMANDS, id))

/** "Ctrl+K" and "g o" as their single keys: `⌘` stands for Control where that is the custom. */
export function keyCaps(keys: string, isApple: boolean): readonly string[] {
  return keys.split(' ').flatMap((chord) =>
    chord.split('+').map((key) => {
      if (key === 'Ctrl') return isApple ? '⌘' : 'Ctrl'
      return chord.includes('+') ? capitalized(key) : key
    }),
  )
}

function capitalized(key: string): string {
  return key.slice(0, 1).toUpperCase() + key.slice(1)
}
