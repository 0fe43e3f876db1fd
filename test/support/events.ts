/** One event of every type, as it would stand in the log. */
import { workspaceEvent, type EventType, type WorkspaceEvent } from '../../protocol/events.js'

const LOCK = {
  lock_id: 'l_1',
  path: 'src/auth/login.ts',
  region: { kind: 'symbol', name: 'login', lines: { from: 3, to: 9 } },
  lock_type: 'EXCLUSIVE',
  holder: 'CLAUDE-backend',
}
const CONFLICT = { conflict_id: 'c_1', file: 'src/auth/login.ts', ours: 'CLAUDE-backend', theirs: 'CODEX-review' }
const FIX = { file: 'src/auth/login.ts', line: 4 }

export const EVENT_DATA: { readonly [T in EventType]: object } = {
  'agent:joined': { agent_type: 'CLAUDE', instance: 'backend', partition: 'src' },
  'agent:left': { reason: 'left' },
  'file:changed': {
    ...{ file: 'src/auth/login.ts', file_id: 'f_1', rev: 2, change_type: 'modified', author: 'CLAUDE-backend' },
    ...{ lines_added: 1, lines_removed: 1 },
  },
  'rename:refused': {
    ...{ file: 'src/auth/login.ts', file_id: 'f_1', to: 'src/login.ts', locked: 'src/auth/login.ts', lock_id: 'l_1' },
    ...{ holder: 'CLAUDE-backend', author: 'CODEX-review' },
  },
  'lock:acquired': { ...LOCK, token: 7, expires_at: 1_767_225_900_000, waited: 0 },
  'lock:failed': {
    ...{ ...LOCK, reason: 'held', since: 1_767_225_600_000, expected_wait: 60_000, queue_place: 1, waited: 0 },
  },
  'lock:released': { ...LOCK, token: 7, reason: 'released' },
  'lock:expired': { ...LOCK, token: 7 },
  broadcast: { text: 'The schema is final.', tables: ['users', 'orders'] },
  'context:update': { kind: 'decision', id: 'd_1', change: 'added', preview: 'Prices are integers.' },
  'context:sync': { source: 'imported', entries: 12 },
  'task:updated': {
    ...{ task_id: 't_1', title: 'Checkout', status: 'ACTIVE', mode: 'PAR-MULTI', progress: 50, change: 'started' },
    subtask: {
      id: 's_1',
      title: 'API',
      assignee: 'CLAUDE-backend',
      state: 'running',
      progress: 10,
      depends_on: [],
    },
  },
  'task:malformed': { file: 'task.md', message: 'its front matter has no task_id' },
  'plan:proposed': {
    plan_id: 'p_1',
    title: 'Split the API',
    steps: [{ title: 'Routes', assignee: 'backend', paths: ['src/routes'] }],
  },
  'plan:acknowledged': { plan_id: 'p_1' },
  'plan:approved': { plan_id: 'p_1', note: 'go' },
  'plan:amendment': { suggestion: 'Rate limits', reason: 'Login can be tried without end.' },
  'code:writing': { file: 'src/auth/login.ts', symbol: 'login' },
  'code:written': { file: 'src/auth/login.ts', symbol: 'login', rev: 3 },
  'review:requested': { review_id: 'r_1', files: ['src/auth/login.ts'], kinds: ['security'] },
  'review:in_progress': { review_id: 'r_1' },
  'review:completed': {
    ...{ review_id: 'r_1', files: ['src/auth/login.ts'], status: 'CHANGES_REQUESTED' },
    findings: [{ type: 'security', line: 4, msg: 'The password is logged.' }],
  },
  'fix:suggested': { ...FIX, suggestion: 'Leave it out.' },
  'fix:in_progress': FIX,
  'fix:applied': { ...FIX, rev: 4 },
  'conflict:raised': { ...CONFLICT, reason: 'overlap', lines: { from: 3, to: 3 }, preview: 'return true' },
  'conflict:resolved': { ...CONFLICT, outcome: 'both', by: 'CODEX-review', rev: 5 },
  'partition:changed': { partition: 'src/auth', agent: 'CLAUDE-backend', before: null },
  'event:acknowledged': { of: 1, of_type: 'plan:proposed' },
}

export function anEventOf(type: EventType, more: object = {}): WorkspaceEvent {
  const timestamp = '2026-01-01T00:00:00.000Z'
  return workspaceEvent.parse({
    ...{ seq: 1, type, agent_id: 'CLAUDE-backend', timestamp, data: EVENT_DATA[type] },
    ...more,
  })
}
