import { describe, expect, it } from 'vitest'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { workspaceEvent } from '../../../protocol/events.js'
import { concerns, digest, EventLines, type Self } from '../../../client/cli/live/event-lines.js'
import { agentId, agentRole } from '../../../protocol/ids.js'
import { ManualClock } from '../../support/manual-clock.js'

const timestamp = '2026-01-01T00:00:00.000Z'
const me: Self = { agentId: agentId.parse('CLAUDE-frontend'), partition: null, roles: [] }

function changed(file: string, author = 'CODEX-reviewer', change_type = 'modified'): WorkspaceEvent {
  const data = { file, file_id: 'f1', rev: 2, change_type, author, lines_added: 1, lines_removed: 0 }
  return workspaceEvent.parse({ seq: 1, type: 'file:changed', timestamp, data })
}
function merged(reason: string, from: number, to: number, author = 'CODEX-reviewer'): WorkspaceEvent {
  const event = changed('a.ts', author)
  return workspaceEvent.parse({ ...event, data: { ...event.data, soft: [{ reason, lines: { from, to } }] } })
}
function refused(author: string): WorkspaceEvent {
  const data = { file: 'first.ts', file_id: 'f1', to: 'second.ts', author, reason: 'renamed' }
  return workspaceEvent.parse({ seq: 1, type: 'rename:refused', agent_id: author, timestamp, data })
}
function joined(agent_id: string): WorkspaceEvent {
  const data = { agent_type: 'CODEX', instance: 'reviewer', partition: null }
  return workspaceEvent.parse({ seq: 1, type: 'agent:joined', agent_id, timestamp, data })
}
function review(to: object): WorkspaceEvent {
  const data = { review_id: 'r1', files: ['src/a.ts'], kinds: ['security'] }
  return workspaceEvent.parse({ seq: 1, type: 'review:requested', agent_id: 'CODEX-api', to, timestamp, data })
}
const asRole = (role: string) => agentRole.parse(role)
function left(agent_id: string, reason: string): WorkspaceEvent {
  return workspaceEvent.parse({ seq: 1, type: 'agent:left', agent_id, timestamp, data: { reason } })
}
function released(holder: string, more: object): WorkspaceEvent {
  const lock = { lock_id: 'l1', path: 'docs/a.md', region: { kind: 'file' }, lock_type: 'EXCLUSIVE', holder, token: 1 }
  return workspaceEvent.parse({
    ...{ seq: 1, type: 'lock:released', agent_id: holder, timestamp },
    data: { ...lock, ...more },
  })
}
function conflict(file: string, ours: string, theirs: string): WorkspaceEvent {
  return workspaceEvent.parse({
    seq: 1,
    type: 'conflict:raised',
    timestamp,
    data: { conflict_id: 'c1', file, ours, theirs, reason: 'overlap', lines: null, preview: '' },
  })
}

describe('what concerns an agent', () => {
  it.each<[string, WorkspaceEvent, Partial<Self>, boolean]>([
    ['a file that another one changed', changed('src/a.ts'), {}, true],
    ['not what it changed itself', changed('src/a.ts', 'CLAUDE-frontend'), {}, false],
    ['what it changed itself beside what another had', merged('adjacent', 3, 4, 'CLAUDE-frontend'), {}, true],
    ['a rename of its own that came second', refused('CLAUDE-frontend'), {}, true],
    ['a file in its partition', changed('src/ui/a.ts'), { partition: 'src/ui' }, true],
    ['not a file elsewhere', changed('src/uix/a.ts'), { partition: 'src/ui' }, false],
    ['who joins', joined('CODEX-reviewer'), { partition: 'src/ui' }, true],
    ['not that it joined itself', joined('CLAUDE-frontend'), {}, false],
    [
      'a conflict of its own, wherever',
      conflict('docs/a.md', 'CODEX-x', 'CLAUDE-frontend'),
      { partition: 'src' },
      true,
    ],
    ['that its own lock was taken away', released('CLAUDE-frontend', { reason: 'forced', by: 'PEER' }), {}, true],
    ['not that it gave one back itself', released('CLAUDE-frontend', { reason: 'released' }), {}, false],
    ['a lock of another that is free now', released('CODEX-x', { reason: 'released' }), {}, true],
    ['what is said to one of its roles', review({ role: 'reviewer' }), { roles: ['reviewer'].map(asRole) }, true],
    ['what is said to agents of its type', review({ role: 'CLAUDE' }), {}, true],
    ['not what is said to a role that it does not have', review({ role: 'reviewer' }), {}, false],
    ['not a conflict of others elsewhere', conflict('docs/a.md', 'CODEX-x', 'GEMINI-y'), { partition: 'src' }, false],
  ])('%s', (_, event, self, expected) => {
    expect(concerns(event, { ...me, ...self })).toBe(expected)
  })
})

describe('several events in one line', () => {
  it('say where a merge is worth a look, and which name a file has', () => {
    const events = [merged('insertions', 3, 6), merged('tokens', 9, 9), refused('CLAUDE-frontend')]
    expect(digest(events, (author) => author)).toBe(
      'CLAUDE-frontend did not rename a file to second.ts: it was called first.ts just before · CODEX-reviewer changed a.ts · ' +
        'look at a.ts, lines 3 to 6: two added something there, both stand · ' +
        'look at a.ts, line 9: two changed different words of it, both changes stand',
    )
  })

  it('are gathered by author and kind, each file named once', () => {
    const events = [
      changed('a.ts'),
      changed('a.ts'),
      changed('b.ts'),
      changed('new.ts', 'DISK', 'created'),
      left('GEMINI-planner', 'lost'),
      conflict('a.ts', 'CODEX-reviewer', 'CLAUDE-frontend'),
    ]
    expect(digest(events, (author) => author.toLowerCase())).toBe(
      'conflict in a.ts: what codex-reviewer wrote stays, what claude-frontend wrote is held (ensemble conflicts show c1) · ' +
        'codex-reviewer changed a.ts and b.ts · disk made new.ts · gemini-planner lost its connection',
    )
  })

  it.each([
    ['theirs', 'what CODEX-reviewer wrote took its place'],
    ['ours', 'what CLAUDE-frontend wrote stays'],
    ['superseded', 'something else was written there'],
  ])('[CONFLICT-12] tell how a conflict ended: %s', (outcome, words) => {
    const data = { conflict_id: 'c1', file: 'a.ts', ours: 'CLAUDE-frontend', theirs: 'CODEX-reviewer', rev: 3 }
    const resolved = workspaceEvent.parse({
      ...{ seq: 1, type: 'conflict:resolved', timestamp },
      data: { ...data, outcome, by: 'GEMINI-c' },
    })
    expect(digest([resolved], (author) => author)).toBe(`GEMINI-c closed a conflict in a.ts: ${words}`)
    expect(concerns(resolved, me)).toBe(true)
    expect(concerns(resolved, { ...me, agentId: agentId.parse('CODEX-z'), partition: 'src' })).toBe(false)
  })

  it('count the files where they are many', () => {
    const events = ['a', 'b', 'c', 'd', 'e'].map((file) => changed(file))
    expect(digest(events, (author) => author)).toBe('CODEX-reviewer changed 5 files (a, b and 3 more)')
  })
})

describe('lines above a prompt', () => {
  it('come at once, then at most every two seconds, and nothing is left out', async () => {
    const clock = new ManualClock()
    const printed: string[] = []
    const lines = new EventLines({
      ...{ self: me, nameOf: (author: string) => author, elapsed: clock.elapsed, timers: clock.timers },
      print: (line) => printed.push(line),
    })
    lines.add(changed('a.ts'))
    expect(printed).toEqual(['CODEX-reviewer changed a.ts'])
    lines.add(changed('b.ts'))
    lines.add(changed('c.ts'))
    lines.add(changed('d.ts', 'CLAUDE-frontend'))
    await clock.advance(1_999)
    expect(printed).toHaveLength(1)
    await clock.advance(1)
    expect(printed[1]).toBe('CODEX-reviewer changed b.ts and c.ts')
    await clock.advance(2_000)
    lines.add(changed('e.ts'))
    expect(printed).toHaveLength(3)
    lines.add(changed('f.ts'))
    lines.flush()
    expect(printed).toHaveLength(4)
    await clock.advance(10_000)
    expect(printed).toHaveLength(4)
  })
})
