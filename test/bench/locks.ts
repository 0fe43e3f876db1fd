/** Locks: how long fifty agents wait for an answer, how soon a review begins, and what working in parts is worth. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from '../../client/sdk/connection.js'
import { writeId } from '../../protocol/ids.js'
import { lockCommand } from '../../protocol/locks.js'
import { workspacePath } from '../../protocol/paths.js'
import { tellHotfix } from '../support/hotfix.js'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { connect, Lab, token, type ServerInfo } from './processes.js'

const AGENTS = 50
const ROUNDS = 40
/** Between two locks of one agent, in milliseconds, on average. */
const PACE = 200
const STORIES = 30
const STEPS = 20
/** What an agent thinks about one step, in milliseconds. */
const THOUGHT = 50

export async function locks(): Promise<Section> {
  const lab = await Lab.make()
  try {
    const server = await lab.server(await lab.folder('workspace'))
    const secret = await token(server)
    const { taken, released } = await measureLocks(server, secret)
    const stories = []
    for (let n = 0; n < STORIES; n++) stories.push(await tellHotfix({ url: server.url, token: secret }, `fix${n}`))
    const waits = stories.flatMap((story) => story.waits)
    const asked = stories.reduce((sum, story) => sum + story.locks.asked, 0)
    const refused = stories.reduce((sum, story) => sum + story.locks.refused, 0)
    const alone = await measureWork(server, secret, 'alone', 1)
    const together = await measureWork(server, secret, 'together', 3)
    return {
      title: 'Locks, reviews, and work in partitions',
      method:
        `${AGENTS} agents on sockets of their own, in one process beside the server's; each takes and releases a lock on a file of its own ` +
        `every ${PACE} ms, ${ROUNDS} times. Clock: from the request to its answer, which comes when it is on the disk. Then ${STORIES} ` +
        'hotfixes (test/support/hotfix.ts), one after the other; clock: from before `review:requested` until the reviewer has its ' +
        `REVIEW lock. Then 3 × ${STEPS} steps (lock, read, ${THOUGHT} ms of thought, write, release) in three folders, by one agent in turn ` +
        'and by three at once.',
      columns: ['', 'p50', 'p99', 'max', 'target'],
      rows: [
        row('lock', taken, 'p50 ≤ 2 ms, p99 ≤ 10 ms', quantile(taken, 0.5) <= 2 && quantile(taken, 0.99) <= 10),
        row(
          'release',
          released,
          'p50 ≤ 2 ms, p99 ≤ 10 ms',
          quantile(released, 0.5) <= 2 && quantile(released, 0.99) <= 10,
        ),
        row('review asked for → REVIEW lock', waits, '≤ 100 ms', Math.max(...waits) <= 100),
        [
          'locks refused or waited for in the hotfixes',
          '',
          '',
          `${refused} of ${asked}`,
          `< 1 %: ${verdict(refused * 100 < asked)}`,
        ],
        [
          'three agents in three partitions',
          ...['', '', `${Math.round((100 * together) / alone)} % (${Math.round(together)} of ${Math.round(alone)} ms)`],
          `≤ 40 % of one agent's time: ${verdict(together <= alone * 0.4)}`,
        ],
      ],
    }
  } finally {
    await lab.close()
  }
}

function row(what: string, values: readonly number[], target: string, isMet: boolean): string[] {
  const figures = [quantile(values, 0.5), quantile(values, 0.99), Math.max(...values)]
  return [what, ...figures.map(milliseconds), `${target}: ${verdict(isMet)}`]
}

async function measureLocks(server: ServerInfo, secret: string): Promise<{ taken: number[]; released: number[] }> {
  const taken: number[] = []
  const released: number[] = []
  const agents = await Promise.all(Array.from({ length: AGENTS }, (_, n) => connect(server, secret, `l${n}`)))
  await Promise.all(
    agents.map(async (agent, n) => {
      const path = workspacePath.parse(`src/${n}.ts`)
      for (let round = 0; round < ROUNDS; round++) {
        await pause(2 * PACE * Math.random())
        const start = performance.now()
        const { outcome } = await agent.request('lock', lockCommand.parse({ wants: [{ path }] }))
        taken.push(performance.now() - start)
        if (outcome !== 'granted') throw new Error(`${path} was refused`)
        const again = performance.now()
        await agent.request('unlock', { path })
        released.push(performance.now() - again)
      }
    }),
  )
  for (const agent of agents) await agent.close()
  return { taken, released }
}

/** Three folders of work, dealt out to so many agents. Milliseconds from the first step to the last. */
async function measureWork(server: ServerInfo, secret: string, name: string, agents: 1 | 3): Promise<number> {
  const workers = await Promise.all(Array.from({ length: agents }, (_, n) => connect(server, secret, `${name}${n}`)))
  const start = performance.now()
  await Promise.all(
    workers.map(async (worker, n) => {
      for (let part = n; part < 3; part += agents) await work(worker, `${name}/part${part}`)
    }),
  )
  const took = performance.now() - start
  for (const worker of workers) await worker.close()
  return took
}

async function work(worker: Connection, folder: string): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    const path = workspacePath.parse(`${folder}/${step}.ts`)
    await worker.request('lock', lockCommand.parse({ wants: [{ path }] }))
    await worker.request('stat', { path })
    await pause(THOUGHT)
    const content = { kind: 'text', text: `export const step = ${step}\n`, bom: false, eol: 'lf' } as const
    await worker.request('write', {
      writeId: writeId.parse(randomUUID()),
      path,
      base: null,
      content,
      executable: false,
    })
    await worker.request('unlock', { path })
  }
}
