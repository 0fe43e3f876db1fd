/** The plan of the shop, and who keeps which place to itself: what the pictures of tasks and locks show. */
import type { Connection } from '../../client/sdk/connection.js'
import { lockCommand } from '../../protocol/locks.js'
import { taskCommand, type TaskReply } from '../../protocol/tasks.js'

export interface Team {
  readonly frontend: Connection
  readonly backend: Connection
  readonly tests: Connection
  readonly review: Connection
  readonly planner: Connection
}

const CLAUDES = ['CLAUDE-frontend', 'CLAUDE-backend', 'CLAUDE-tests'] as const
const [FRONTEND, BACKEND, TESTS] = CLAUDES

const PARTS: readonly { readonly title: string; readonly assignee: string | null; readonly after?: string[] }[] = [
  { title: 'Coupon API endpoint', assignee: BACKEND },
  { title: 'Totals row in the cart', assignee: FRONTEND },
  { title: 'Discount rules in price.ts', assignee: BACKEND },
  { title: 'Cart panel shows totals', assignee: FRONTEND, after: ['2', '3'] },
  { title: 'Coupon checks at checkout', assignee: TESTS, after: ['3'] },
  { title: 'Review of the discount rules', assignee: 'CODEX', after: ['3'] },
  { title: 'Load test of checkout', assignee: null, after: ['1', '4'] },
  { title: 'Shipping is free above 50', assignee: TESTS },
]

export async function plan({ frontend, backend, tests, planner, review }: Team): Promise<void> {
  let asked = 0
  const tell = (agent: Connection, what: object): Promise<TaskReply> =>
    agent.request('task', taskCommand.parse({ writeId: `plan-${(asked += 1)}`, ...what }))
  const subtasks = PARTS.map(({ title, assignee }) => ({ title, assignee }))
  const { task } = await tell(planner, { create: { title: 'Coupons at checkout', mode: 'PAR-MULTI', subtasks } })
  const change = (agent: Connection, what: object): Promise<TaskReply> => tell(agent, { task: task.id, change: what })
  for (const [index, { after: depends_on }] of PARTS.entries()) {
    if (depends_on !== undefined) await change(planner, { do: 'depend', subtask: String(index + 1), depends_on })
  }
  await change(backend, { do: 'move', subtask: '1', state: 'running' })
  await change(backend, { do: 'move', subtask: '1', state: 'done' })
  await change(frontend, { do: 'move', subtask: '2', state: 'running' })
  await change(frontend, { do: 'progress', subtask: '2', progress: 80 })
  await change(backend, { do: 'move', subtask: '3', state: 'running' })
  await change(backend, { do: 'progress', subtask: '3', progress: 45 })
  await change(tests, { do: 'move', subtask: '8', state: 'running' })
  await change(tests, { do: 'move', subtask: '8', state: 'review' })
  const other = await tell(planner, {
    create: {
      title: 'Gift cards',
      mode: 'SOLO',
      subtasks: [{ title: 'What the law says', assignee: 'GEMINI-planner' }],
    },
  })
  await tell(review, { task: other.task.id, change: { do: 'halt' } })
}

/** Holds, waits, and one circle that the server breaks. */
export async function keep({ frontend, tests, review }: Team): Promise<void> {
  const lock = (agent: Connection, path: string, more: object = {}, wait = 0): Promise<unknown> =>
    agent.request('lock', lockCommand.parse({ wants: [{ path, ...more }], ttl: 300, wait }))
  await lock(frontend, 'src/ui/cart/CartPanel.tsx', { region: { kind: 'symbol', name: 'CartPanel' } })
  await lock(tests, 'tests/cart.spec.ts', { type: 'SHARED' })
  await lock(review, 'tests/cart.spec.ts', { type: 'REVIEW' })
  await lock(tests, 'tests/coupon.spec.ts')
  // Each wants what the other has; whoever asks last is told so. The first still waits when the pictures are taken.
  lock(frontend, 'tests/coupon.spec.ts', {}, 900).catch(() => undefined)
  await lock(tests, 'src/ui/cart/CartPanel.tsx', {}, 900)
}
