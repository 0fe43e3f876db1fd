/** Two writes of one file within milliseconds: a watcher that reports the first alone would leave the second behind. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { verdict, type Section } from './figures.js'
import { Lab } from './processes.js'

const APART = [3, 10, 45]
/** A second write that has not arrived by then never will. In milliseconds. */
const STALE_AFTER = 10_000
const PROGRESS = 100

export async function bridgeWrites(rounds: number): Promise<Section> {
  const lab = await Lab.make()
  try {
    const workspace = await lab.folder('workspace')
    await writeFile(join(workspace, 'f.txt'), 'start\n')
    const server = await lab.server(workspace)
    const dir = await lab.folder('copy')
    await lab.agent('CLAUDE', 'writer', dir, server)
    const rows: string[][] = []
    for (const apart of APART) {
      let stale = 0
      for (let round = 1; round <= rounds; round++) {
        const second = `second ${apart} ${round}\n`
        await writeFile(join(dir, 'f.txt'), `first ${apart} ${round}\n`)
        await pause(apart)
        await writeFile(join(dir, 'f.txt'), second)
        if (!(await arrives(join(workspace, 'f.txt'), second))) stale++
        if (round % PROGRESS === 0) process.stderr.write(`${apart} ms apart: ${round} rounds, ${stale} stale\n`)
      }
      rows.push([`${apart} ms`, String(rounds), String(stale), verdict(stale === 0)])
    }
    return {
      title: 'Two writes within milliseconds',
      method:
        'In an agent’s folder a file is written twice, so far apart, in place and with texts of one length; a round is stale if the ' +
        `served folder does not hold the second within ${STALE_AFTER / 1000} s. Server and agent are processes of their own.`,
      columns: ['apart', 'rounds', 'stale', 'target: 0'],
      rows,
    }
  } finally {
    await lab.close()
  }
}

async function arrives(place: string, text: string): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < STALE_AFTER;) {
    if ((await readFile(place, 'utf8')) === text) return true
    await pause(2)
  }
  return false
}
