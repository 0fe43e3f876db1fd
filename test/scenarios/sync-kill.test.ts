import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Lives } from '../bench/sync-lives.js'
import type { Target } from '../bench/sync-wire.js'
import { kill, openPlace, type Place } from '../support/cli.js'
import { randomFrom } from '../support/random.js'

/** The bench does a thousand of them: npm run bench:sync -- kills. */
const KILLS = 3
/** From the first echo to the kill, in milliseconds. */
const LONGEST_LIFE = 100

let place: Place

beforeEach(async () => {
  place = await openPlace()
})

afterEach(async () => {
  await place.close()
})

async function start(): Promise<Target> {
  const outcome = await place.run(['server', 'start', '.', '--port', '0', '--background', '--json'])
  const { url, pid, tokenFile } = outcome.json()
  const token = (await readFile(String(tokenFile), 'utf8')).trim()
  return { wire: 'ensemble', port: Number(new URL(String(url)).port), pid: Number(pid), token }
}

test.each([
  ['a file', 'killed.ts'],
  ['a free document', '~killed'],
])(
  '[SYNC-1] kill -9 while three write: whatever of %s was sent to anybody is there ever after',
  async (_, document) => {
    const random = randomFrom(KILLS)
    const lives = new Lives(document)
    for (let i = 0; i < KILLS; i++) {
      const target = await start()
      await lives.live(target, random.next() * LONGEST_LIFE, () => kill(target.pid))
    }
    await lives.look(await start())
    const { told, lost, gaps } = lives.losses
    expect({ told: told > 0, lost, gaps }).toEqual({ told: true, lost: 0, gaps: 0 })
  },
)
