/** What the palette offers, and what of it a person means by a few letters. Decisions only; parts/palette.tsx shows them. */
import uFuzzy from '@leeoniya/ufuzzy'
import { commandOf, type CommandId } from '../commands.js'
import type { Conflict } from '../../protocol/conflicts.js'
import type { Lock } from '../../protocol/locks.js'
import { fileName } from './format.js'
import { regionWords } from './held-locks.js'

/** In this order they stand below each other. */
export const KINDS = ['command', 'agent', 'file', 'conflict', 'lock', 'task'] as const
export type Kind = (typeof KINDS)[number]

export type Target =
  | { readonly kind: 'command'; readonly id: CommandId }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'follow'; readonly agentId: string }

export interface Entry {
  /** Unique among all. */
  readonly id: string
  readonly kind: Kind
  /** What is searched, and shown. */
  readonly text: string
  /** Beside it: where that is, or what it does. */
  readonly note: string
  /** Of a command. */
  readonly keys: string | null
  /** Whose tag stands before it; null: nobody's. */
  readonly author: string | null
  readonly target: Target
}

export interface Known {
  readonly commands: readonly CommandId[]
  readonly agents: readonly { readonly agentId: string; readonly file: string | null; readonly isHere: boolean }[]
  readonly conflicts: readonly Pick<Conflict, 'id' | 'path'>[]
  readonly locks: readonly Pick<Lock, 'id' | 'path' | 'holder' | 'region' | 'lines'>[]
  readonly tasks: readonly { readonly id: string; readonly title: string; readonly status: string }[]
  readonly files: readonly string[]
}

/** How views are addressed. */
export interface Addresses {
  readonly agent: (id: string) => string
  readonly conflict: (id: string) => string
  readonly file: (path: string) => string
  readonly lock: (id: string) => string
  readonly task: (id: string) => string
}

/** Of one kind; more would hide the others. */
const MOST: Readonly<Record<Kind, number>> = { command: 8, agent: 8, file: 12, conflict: 5, lock: 5, task: 5 }

export function entriesOf(
  { commands, agents, conflicts, locks, tasks, files }: Known,
  at: Addresses,
): readonly Entry[] {
  const entry = (kind: Kind, id: string, more: Pick<Entry, 'text' | 'note' | 'target'> & Partial<Entry>): Entry => ({
    ...{ id: `${kind} ${id}`, kind, keys: null, author: null },
    ...more,
  })
  const to = (address: string): Target => ({ kind: 'address', address })
  return [
    ...commands.flatMap((id) => {
      const { label, keys, keyOnly = false } = commandOf(id)
      return keyOnly ? [] : [entry('command', id, { text: label, note: '', keys, target: { kind: 'command', id } })]
    }),
    ...agents.flatMap(({ agentId, file, isHere }) => [
      entry('agent', agentId, { text: agentId, note: file ?? '', author: agentId, target: to(at.agent(agentId)) }),
      ...(isHere && file !== null
        ? [
            entry('agent', `${agentId} follow`, {
              ...{ text: `Follow ${agentId}`, note: fileName(file), author: agentId },
              target: { kind: 'follow', agentId },
            }),
          ]
        : []),
    ]),
    ...conflicts.map(({ id, path }) =>
      entry('conflict', id, { text: `Conflict in ${path}`, note: '', target: to(at.conflict(id)) }),
    ),
    ...locks.map(({ id, path, holder, region, lines }) =>
      entry('lock', id, {
        ...{ text: `Lock on ${regionWords(region, lines)}`, note: path, author: holder },
        target: to(at.lock(id)),
      }),
    ),
    ...tasks.map(({ id, title, status }) => entry('task', id, { text: title, note: status, target: to(at.task(id)) })),
    ...files.map((path) => entry('file', path, { text: path, note: '', target: to(at.file(path)) })),
  ]
}

/** Letters may be left out, a few of them, and words stand in any order. */
const fuzzy = new uFuzzy({ intraIns: 3 })
const OUT_OF_ORDER = 3
/** So many matches are put in order; more would take longer than a key press. */
const MOST_ORDERED = 5_000

/** By kind, of each the best first. Without a query all but the files, of which there are too many to mean anything. */
export function search(entries: readonly Entry[], query: string): readonly Entry[] {
  const found = matches(entries, query)
  return KINDS.flatMap((kind) => found.filter((one) => one.kind === kind).slice(0, MOST[kind]))
}

function matches(entries: readonly Entry[], query: string): readonly Entry[] {
  if (query.trim() === '') return entries.filter(({ kind }) => kind !== 'file')
  // Not by the file that an agent is in: who types its name wants the file.
  const haystack = entries.map(({ kind, text, note }) => (kind === 'agent' ? text : `${text} ${note}`))
  const [indexes, , order] = fuzzy.search(haystack, query, OUT_OF_ORDER, MOST_ORDERED)
  if (indexes === null) return []
  const inOrder = order === null ? indexes : order.map((place) => indexes[place] ?? 0)
  return inOrder.flatMap((index) => entries[index] ?? [])
}
