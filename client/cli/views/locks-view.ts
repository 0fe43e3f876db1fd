/** Locks as a table, and as a sentence. */
import { placeText } from '../../../protocol/lock-words.js'
import type { Lock, LockedAhead, LocksList } from '../../../protocol/locks.js'
import type { Paint } from '../colour.js'
import { table, type Cell } from '../table.js'
import { cutPath, list, quoted } from '../words.js'

export interface LockWords {
  readonly nameOf: (agent: string) => string
  readonly paint: Paint
  readonly now: number
  /** `ensemble`, as it was called. */
  readonly command: string
}

/** Widest place in a table. In characters. */
const PLACE_WIDTH = 48

export function lockLines({ locks, waiting }: LocksList, { nameOf, paint, now, command }: LockWords): string[] {
  const [first] = locks
  if (first === undefined) return ['Nothing is locked.', '', `next  ${command} lock acquire --file FILE --as AGENT`]
  const rows = locks.map((lock): Cell[] => [
    { text: lock.id },
    { text: cutPath(placeText(lock.path, lock.region), PLACE_WIDTH) },
    { text: linesOf(lock) },
    { text: lock.type },
    { text: nameOf(lock.holder) },
    { text: clock(lock.expiresAt - now) },
  ])
  const waits = waiting.map(({ agent, wants, waitsFor }) => {
    const places = wants.map(({ path, region }) => placeText(path, region))
    return paint('waiting', `${nameOf(agent)} waits for ${list(places)} of ${list(waitsFor.map(nameOf))}`)
  })
  return [
    ...table(['id', 'place', 'now', 'type', 'holder', 'left'], rows, paint),
    ...(waits.length === 0 ? [] : ['', ...waits]),
    '',
    `next  ${command} lock acquire --file ${quoted(first.path)} --wait 60 --as AGENT`,
  ]
}

export function lockTaken(
  locks: readonly Lock[],
  { nameOf, now, command }: LockWords,
  ahead: readonly LockedAhead[] = [],
): string[] {
  const lines = locks.map((lock) => {
    const where = placeText(lock.path, lock.region)
    return `${nameOf(lock.holder)} holds ${where}, ${lock.type}, for ${clock(lock.expiresAt - now)} (${lock.id}, token ${lock.token}).`
  })
  for (const { path, near } of ahead)
    lines.push(`${path} does not exist yet.${near.length === 0 ? '' : ` Did you mean ${list(near)}?`}`)
  const [first] = locks
  return first === undefined
    ? lines
    : [...lines, '', `next  ${command} lock release --id ${first.id} --as ${first.holder}`]
}

function linesOf({ lines }: Lock): string {
  if (lines === null) return 'all'
  return lines.from >= lines.to ? `line ${lines.from}` : `${lines.from}–${lines.to}`
}

/** "4:59" */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
