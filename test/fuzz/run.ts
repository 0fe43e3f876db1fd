/** Plays one sequence of commands in a world of its own. */
import type { Sequence } from './commands.js'
import { verify } from './oracles.js'
import { World } from './world.js'

export interface Played {
  /** Bridges and servers that were killed. */
  readonly deaths: number
  readonly markers: number
}

/** @throws Error with the invariant that did not hold */
export async function play({ kind, commands }: Sequence): Promise<Played> {
  const world = await World.make()
  try {
    for (const command of commands) await world.play(command)
    await world.reunite()
    await verify(world, kind)
    return { deaths: world.deaths, markers: world.markers.size }
  } finally {
    await world.close()
  }
}
