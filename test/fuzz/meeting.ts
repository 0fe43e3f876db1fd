/**
 * Two folders are apart, change the same lines or others, and come back one after the other. What is said of each line
 * decides, and nothing else, what the text must be and where there must be a conflict: the lines lie too far apart for their
 * changes to touch.
 */
import { unreachable } from '../../protocol/errors.js'
import { until } from '../support/wait.js'
import type { Act, Command, Path } from './commands.js'
import { atRest, differencesOf, LONGEST_REST } from './oracles.js'
import { ownLine, withLine } from './texts.js'
import type { World } from './world.js'

type Meeting = Extract<Command, { do: 'meet' }>

const SIDES = ['first', 'second'] as const

export async function meet(world: World, meeting: Meeting): Promise<void> {
  await world.reunite()
  await atRest(world)
  const folders = { first: world.folder(meeting.first), second: world.folder(meeting.second) }
  const texts = textsAfter(world, meeting)
  const networks = { first: world.networks[meeting.first - 1], second: world.networks[meeting.second - 1] }
  for (const side of SIDES) networks[side]?.cut()
  for (const side of SIDES) {
    for (const [path, text] of texts[side]) await folders[side].save(path, text, 'in place')
    const death = meeting.deaths[side]
    if (death !== null) folders[side].arm(death.step, death.left)
    networks[side]?.join()
    if (side === 'first') {
      const arrived = async (): Promise<boolean> => {
        await folders.first.revive(false)
        await world.idle(folders.first)
        return differencesOf(world, [folders.first]).length === 0
      }
      await until(arrived, 'the first of two to be back', LONGEST_REST)
    }
  }
  await world.reunite()
  await atRest(world)
}

/** What both write; what must come of it is noted in the world. */
function textsAfter(world: World, meeting: Meeting) {
  const texts = { first: new Map<Path, string>(), second: new Map<Path, string>() }
  for (const { path, number, ...acts } of meeting.lines) {
    const line = ownLine(number)
    const key = `${path} ${line}`
    if (world.own.get(key) === null) continue
    // Without that line once more the text looks like the one before, of which it is on record already.
    if (acts.second === 'deletes' && world.refused.has(key)) continue
    const common = world.marker()
    world.withdrawn.add(common)
    const becomes = { first: done(world, acts.first, common), second: done(world, acts.second, common) }
    for (const side of SIDES) {
      const becoming = becomes[side]
      if (becoming === undefined) continue
      const before = texts[side].get(path) ?? world.folder(meeting[side]).read(path) ?? ''
      texts[side].set(path, withLine(before, line, becoming))
    }
    const stands = becomes.first === undefined ? becomes.second : becomes.first
    if (stands !== undefined) world.own.set(key, stands)
    const isOverlap = becomes.first !== undefined && becomes.second !== undefined && becomes.first !== becomes.second
    if (isOverlap) world.overlaps.set(path, (world.overlaps.get(path) ?? 0) + 1)
    if (isOverlap && becomes.second === null) world.refused.add(key)
  }
  return texts
}

/** What becomes of a line: undefined: nothing, null: it is deleted. */
function done(world: World, act: Act, common: string): string | null | undefined {
  switch (act) {
    case 'keeps':
      return undefined
    case 'deletes':
      return null
    case 'agrees':
      return common
    case 'changes':
      return world.marker()
    default:
      return unreachable(act)
  }
}
