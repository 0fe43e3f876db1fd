/** What the agents of the pictures do while time passes: real edits at a pace of each, and locks now and then. */
import type { Connection } from '../../client/sdk/connection.js'
import { lockCommand } from '../../protocol/locks.js'
import { workspacePath } from '../../protocol/paths.js'
import { headOf, write } from '../dashboard/browser/agent-writes.js'
import type { Team } from './plan.js'

interface Job {
  readonly agent: Connection
  /** In seconds, from one edit to the next. */
  readonly pace: number
  readonly files: readonly string[]
  /** In seconds: how often it locks the file that it edits, and for how long. */
  readonly locks?: { readonly every: number; readonly hold: number }
}

/**
 * @param minutes 0: nothing is done
 * @param taken files that others keep to themselves
 */
export async function workFor(
  minutes: number,
  { frontend, backend, tests, review, planner }: Team,
  taken: readonly string[] = [],
): Promise<void> {
  const end = Date.now() + minutes * 60_000
  const jobs: readonly Job[] = [
    {
      ...{
        agent: frontend,
        pace: 5,
        files: ['src/ui/cart/CartPanel.tsx', 'src/ui/cart/Totals.tsx', 'src/ui/Header.tsx'],
      },
      locks: { every: 170, hold: 90 },
    },
    { agent: backend, pace: 7, files: ['src/api/coupon.ts', 'src/api/orders.ts'], locks: { every: 240, hold: 110 } },
    { agent: tests, pace: 4, files: ['tests/cart.spec.ts', 'tests/coupon.spec.ts'] },
    { agent: review, pace: 23, files: ['src/shared/money.ts'] },
    { agent: planner, pace: 70, files: ['README.md'] },
  ]
  await Promise.all(jobs.map((job) => work({ ...job, files: job.files.filter((file) => !taken.includes(file)) }, end)))
}

async function work({ agent, pace, files, locks }: Job, end: number): Promise<void> {
  let lockAt = locks === undefined ? Infinity : Date.now() + (locks.every * 1000) / 3
  for (let round = 0; ; round++) {
    // Agents think longer before some edits than before others.
    const next = Date.now() + pace * (0.3 + ((round * 7) % 5) * 0.35) * 1000
    if (next > end) return
    await new Promise((resolve) => setTimeout(resolve, next - Date.now()))
    const path = files[Math.floor(round / 4) % files.length] ?? ''
    if (locks !== undefined && Date.now() > lockAt && Date.now() + locks.hold * 1000 < end) {
      lockAt = Date.now() + locks.every * 1000
      await agent.request('lock', lockCommand.parse({ wants: [{ path }], ttl: locks.hold, wait: 0 }))
    }
    await change(agent, path, round)
  }
}

/** Adds some lines at the end, and takes some of those away again: the files keep what the story needs of them. */
async function change(agent: Connection, path: string, round: number): Promise<void> {
  const { head } = await agent.request('stat', { path: workspacePath.parse(path) })
  if (head === null) throw new Error(`There is no ${path}`)
  const { files } = await agent.request('read', { ids: [head.id] })
  const content = files[0]?.content
  if (content?.kind !== 'text') throw new Error(`${path} is no text`)
  const lines = content.text.split('\n').slice(0, -1)
  const isOwn = (line: string): boolean => line.startsWith('// step')
  const gone = round % 3 === 2 ? lines.slice(-((round % 4) + 1)).filter(isOwn).length : 0
  const kept = lines.slice(0, lines.length - gone)
  const added = Array.from({ length: 1 + ((round * 11) % 7) }, (_, index) => `// step ${round}.${index}`)
  await write(agent, path, `${[...kept, ...added].join('\n')}\n`, await headOf(agent, path))
}
