/** What the server says, with as little written out as a test cares about. */
import { agent, type Agent } from '../../protocol/agents.js'
import { conflict, type Conflict } from '../../protocol/conflicts.js'
import { workspaceEvent, type WorkspaceEvent } from '../../protocol/events.js'
import { fileHead, type FileHead } from '../../protocol/files.js'
import { splitAgentId, agentId } from '../../protocol/ids.js'
import type { Welcome } from '../../client/sdk/connection-state.js'
import { lock, lockWaiter, type Lock, type LockWaiter } from '../../protocol/locks.js'
import { serverMessage } from '../../protocol/messages.js'
import { status, type Status } from '../../protocol/status.js'
import { rolledUp, task, type Subtask, type Task } from '../../protocol/tasks.js'

/** 2026-01-05 14:00:00 UTC: the server's clock in tests. */
export const NOON = Date.UTC(2026, 0, 5, 14)

const HASH = 'a'.repeat(64)

export function aHead(path: string, more: Partial<Record<keyof FileHead, unknown>> = {}): FileHead {
  return fileHead.parse({
    ...{ id: `id-${path.replaceAll(/[^a-z0-9]/gi, '_')}`, path, kind: 'text', deleted: false, executable: false },
    ...{ bom: false, eol: 'lf', rev: 1, hash: HASH, size: 10, seq: 1, author: 'DISK', time: NOON - 86_400_000 },
    ...more,
  })
}

export function anAgent(id: string, order: number, more: Partial<Record<keyof Agent, unknown>> = {}): Agent {
  return agent.parse({
    ...splitAgentId(agentId.parse(id)),
    ...{ agentId: id, partition: null, state: 'idle', file: null, since: NOON, connectedAt: NOON, order },
    ...more,
  })
}

export function aChange(
  seq: number,
  author: string,
  file: string,
  { time = NOON, change = 'modified', added = 1, removed = 0, rev = 2 } = {},
): WorkspaceEvent {
  return anEvent(seq, 'file:changed', author.includes('-') ? author : undefined, time, {
    ...{ file, file_id: 'f', rev, change_type: change, author, lines_added: added, lines_removed: removed },
  })
}

export function anEvent(
  seq: number,
  type: WorkspaceEvent['type'],
  agent_id: string | undefined,
  time: number,
  data: object,
): WorkspaceEvent {
  return workspaceEvent.parse({ seq, type, agent_id, timestamp: new Date(time).toISOString(), data })
}

export function aConflict(id: string, more: object = {}): Conflict {
  return conflict.parse({
    ...{ id, path: 'src/a.ts', fileId: 'f', baseRev: 1, rev: 2, writeId: 'w', time: NOON, state: 'open' },
    ...{
      reason: 'overlap',
      base: 'a\n',
      ours: 'b\n',
      theirs: 'c\n',
      range: { start: {}, end: {} },
      stands: { rev: 2, at: 0 },
    },
    authors: { ours: 'CLAUDE-one', theirs: 'CODEX-two' },
    ...more,
  })
}

export function aStatus(more: Partial<Record<keyof Status, unknown>> = {}): Status {
  return status.parse({
    ...{ version: '1', protocol: 1, workspaceId: 'w1', workspace: '/shop', state: 'ready', reason: null, seq: 1 },
    ...{ uptimeSeconds: 1, files: 1, documents: { open: 0 }, connections: { agents: 0, observers: 1, peers: 0 } },
    ...{ conflicts: { open: 0 }, commitLatency: null, memoryBytes: 1, agents: [] },
    ...more,
  })
}

export function aWelcome(workspaceId = 'w1', seq = 0): Welcome {
  const message = serverMessage.parse({
    ...{ type: 'welcome', protocol: 1, server: '1', workspaceId, workspace: 'shop', agentId: null, secret: null, seq },
    access: 'write',
  })
  if (message.type !== 'welcome') throw new Error('not a welcome')
  return message
}

type Part = Partial<Record<keyof Subtask, unknown>>

/** @param parts numbered from 1 */
export function aTask(id: string, parts: readonly Part[] = [], more: object = {}): Task {
  const subtasks = parts.map((part, index) => ({
    ...{ id: String(index + 1), title: `part ${index + 1}`, assignee: null, state: 'waiting', depends_on: [] },
    ...{ progress: part.state === 'done' ? 100 : 0, by: 'PEER', updated_at: NOON, ...part },
  }))
  const made = task.parse({
    ...{ id, title: id, status: 'ACTIVE', mode: 'SOLO', agents: [], subtasks, progress: 0, file: null, by: 'PEER' },
    ...{ created_at: NOON, updated_at: NOON, ...more },
  })
  return { ...made, progress: rolledUp(made.status, made.subtasks) }
}

export function aLock(token: number, holder: string, path: string, more: object = {}): Lock {
  return lock.parse({
    ...{ id: `l${token}`, token, holder, path, region: { kind: 'file' }, lines: null, type: 'EXCLUSIVE', ttl: 300 },
    ...{ acquiredAt: NOON, expiresAt: NOON + 300_000, ...more },
  })
}

export function aWaiter(agent: string, path: string, waitsFor: readonly string[], since = NOON): LockWaiter {
  const wants = [{ path, region: { kind: 'file' }, type: 'EXCLUSIVE' }]
  return lockWaiter.parse({ agent, wants, since, until: since + 60_000, waitsFor })
}

/** Of an overlap that is raised: what it says besides who and where. */
export const CLASH = { reason: 'overlap', lines: null, preview: '' }

/** What events tell of a lock. */
export function lockData(id: string, holder: string, path: string): object {
  return { lock_id: id, path, region: { kind: 'file' }, lock_type: 'EXCLUSIVE', holder, token: 1, waited: 0 }
}

/** A request that was ended: `loser` waited for `holder`, which waited for it. */
export function aDeadlock(seq: number, loser: string, holder: string, time = NOON): WorkspaceEvent {
  const cycle = [
    { agent: loser, waitsFor: holder, path: 'a.ts' },
    { agent: holder, waitsFor: loser, path: 'b.ts' },
  ]
  const more = { reason: 'deadlock', since: time, expected_wait: 1, queue_place: 1, cycle }
  return anEvent(seq, 'lock:failed', loser, time, { ...lockData('l1', holder, 'a.ts'), ...more })
}
