/**
 * What may happen to a workspace, as data: made by a seed, played by world.ts, kept as JSON where it found a fault.
 *
 * Two kinds of sequences: in an `orderly` one everyone changes lines of their own alone, so that the end is known to the
 * letter; in a `wild` one anything goes.
 */
import { z } from 'zod'
import type { Random } from '../support/random.js'
import { STEPS } from './mortal-bridge.js'

/** Of each kind. Folder 0 is the one that the server serves: its bridge dies with the server. */
export const FOLDERS = 3
export const PEERS = 2
export const PATHS = ['f.txt', 'dir/g.txt', 'dir/sub/h.txt'] as const
/** Names that nobody uses at the start. */
const NEW_PATHS = ['new.txt', 'dir/other.txt'] as const
/** Lines of their own that each has in each file. */
export const SLOTS = 2
/** Lines of their own that all together have in each file: the folders, the program that speaks HTTP, the peers. */
export const LINES = (FOLDERS + 1 + PEERS) * SLOTS

const folder = z
  .int()
  .min(0)
  .max(FOLDERS - 1)
const peer = z
  .int()
  .min(0)
  .max(PEERS - 1)
const slot = z
  .int()
  .min(0)
  .max(SLOTS - 1)
const path = z.enum([...PATHS, ...NEW_PATHS])
const line = z.int().nonnegative()
/** How a program saves: in place, by a rename, in place with the date of long ago, or the first half and then the rest. */
const way = z.enum(['in place', 'by rename', 'dated', 'in halves'])

/** What one of two does to a line while they are apart; where both say `agrees` they write the same. */
const act = z.enum(['keeps', 'changes', 'deletes', 'agrees'])
export type Act = z.infer<typeof act>
const death = z.object({ step: z.enum(STEPS), left: line }).nullable()

export const command = z.discriminatedUnion('do', [
  // Of their own lines.
  z.object({ do: z.literal('save'), folder, path, slot, way }),
  z.object({ do: z.literal('put'), path, slot }),
  z.object({ do: z.literal('type'), peer, path, slot }),
  /** Two agents' folders are apart, change the same lines or others, and come back one after the other, killed on their way. */
  z.object({
    do: z.literal('meet'),
    first: folder.min(1),
    second: folder.min(1),
    lines: z.array(z.object({ path, number: line, first: act, second: act })),
    deaths: z.object({ first: death, second: death }),
  }),
  // Anywhere. `age`: upon what was read that many reads ago. `taken`: so many lines are replaced.
  z.object({ do: z.literal('edit'), folder, path, line, taken: line, age: line, way }),
  z.object({ do: z.literal('put anywhere'), path, line, taken: line, age: line }),
  z.object({ do: z.literal('type anywhere'), peer, path, line, taken: line }),
  z.object({ do: z.literal('delete'), folder, path }),
  z.object({ do: z.literal('rename'), folder, path, to: path }),
  z.object({ do: z.literal('delete by request'), path }),
  /** Git is at work: all files are written under its lock. */
  z.object({ do: z.literal('git'), folder, line }),
  // To whom.
  z.object({ do: z.literal('cut'), folder }),
  z.object({ do: z.literal('join'), folder }),
  z.object({ do: z.literal('cut peer'), peer }),
  z.object({ do: z.literal('join peer'), peer }),
  /** The bridge dies when it comes to the step, which may be never; or now. */
  z.object({ do: z.literal('kill'), folder, step: z.enum(STEPS), left: line }),
  z.object({ do: z.literal('kill now'), folder }),
  z.object({ do: z.literal('revive'), folder, isMute: z.boolean() }),
  z.object({ do: z.literal('kill server') }),
  /** Somebody sets the server's clock. In milliseconds. */
  z.object({ do: z.literal('clock'), by: z.int() }),
  z.object({ do: z.literal('turns'), count: line }),
  z.object({ do: z.literal('rest') }),
])
export type Command = z.infer<typeof command>
export type Way = z.infer<typeof way>
export type Path = z.infer<typeof path>

export const sequence = z.object({ kind: z.enum(['orderly', 'wild']), commands: z.array(command) })
export type Sequence = z.infer<typeof sequence>

type Weighted = readonly (readonly [weight: number, make: () => Command])[]

function makeMeeting({ below, one }: Random): Command {
  const first = 1 + below(2)
  const lines = PATHS.flatMap((path) =>
    Array.from({ length: LINES }, (_, number) => number)
      .filter(() => below(3) === 0)
      .map((number) => ({ path, number, first: one(act.options), second: one(act.options) })),
  )
  const death = () => (below(2) === 0 ? { step: one(STEPS), left: below(3) } : null)
  const deaths = { first: death(), second: death() }
  return { do: 'meet', first, second: 3 - first, lines, deaths }
}

/** @param length of the sequence, in commands */
export function makeSequence(random: Random, kind: Sequence['kind'], length: number): Sequence {
  const { below, one } = random
  const who = () => ({ folder: below(FOLDERS) })
  const what = () => ({ path: one(PATHS) })
  const where = () => ({ ...what(), line: below(12), taken: below(3) === 0 ? 1 + below(3) : 0 })
  const age = () => (below(4) === 0 ? 1 + below(4) : 0)
  const any = (): Path => one([...PATHS, ...NEW_PATHS])
  const whole: readonly Way[] = ['in place', 'in place', 'by rename', 'dated']
  const faults: Weighted = [
    [2, () => ({ do: 'cut', ...who() })],
    [2, () => ({ do: 'join', ...who() })],
    [1, () => ({ do: 'cut peer', peer: below(PEERS) })],
    [1, () => ({ do: 'join peer', peer: below(PEERS) })],
    [4, () => ({ do: 'kill', ...who(), step: one(STEPS), left: below(3) })],
    [1, () => ({ do: 'kill now', ...who() })],
    [4, () => ({ do: 'revive', ...who(), isMute: below(4) === 0 })],
    [1, () => ({ do: 'kill server' })],
    [1, () => ({ do: 'clock', by: (below(3) - 1) * 3_600_000 })],
    [6, () => ({ do: 'turns', count: below(60) })],
    [2, () => ({ do: 'rest' })],
  ]
  const own: Weighted = [
    [9, () => ({ do: 'save', ...who(), ...what(), slot: below(SLOTS), way: one(whole) })],
    [4, () => ({ do: 'put', ...what(), slot: below(SLOTS) })],
    [5, () => ({ do: 'type', peer: below(PEERS), ...what(), slot: below(SLOTS) })],
    [1, () => makeMeeting(random)],
  ]
  const anything: Weighted = [
    [9, () => ({ do: 'edit', ...who(), ...where(), age: age(), way: one([...whole, 'in halves']) })],
    [4, () => ({ do: 'put anywhere', ...where(), age: age() })],
    [5, () => ({ do: 'type anywhere', peer: below(PEERS), ...where() })],
    [1, () => ({ do: 'delete', ...who(), path: any() })],
    [1, () => ({ do: 'rename', ...who(), path: any(), to: any() })],
    [1, () => ({ do: 'delete by request', path: any() })],
    [1, () => ({ do: 'git', ...who(), line: below(12) })],
  ]
  const weighted = [...faults, ...(kind === 'orderly' ? own : anything)]
  const bag = weighted.flatMap(([weight, make]) => Array.from({ length: weight }, () => make))
  return { kind, commands: Array.from({ length }, () => one(bag)()) }
}
