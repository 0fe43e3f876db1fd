import { describe, expect, test } from 'vitest'
import { concerns, editsOf, joinEvents, messagesOf } from '../../../dashboard/model/agent-story.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { aChange, anEvent, NOON } from '../builders.js'

const say = (seq: number, from: string | undefined, to: object | undefined, text = 'hello') =>
  ({ ...anEvent(seq, 'broadcast', from, NOON + seq, { text }), ...(to === undefined ? {} : { to }) }) as WorkspaceEvent
const ack = (seq: number, who: string, of: number) =>
  anEvent(seq, 'event:acknowledged', who, NOON + seq, { of, of_type: 'broadcast' })

describe('edits', () => {
  test('of one agent, newest first; what it did to one file without a break is one, at its last revision', () => {
    const events = [
      aChange(1, 'CLAUDE-a', 'a.ts', { rev: 2, added: 3 }),
      aChange(2, 'CODEX-b', 'a.ts', { rev: 3 }),
      aChange(3, 'CLAUDE-a', 'a.ts', { rev: 4, time: NOON + 40_000, removed: 2 }),
      aChange(4, 'CLAUDE-a', 'a.ts', { rev: 5, time: NOON + 80_001 }),
      aChange(5, 'CLAUDE-a', 'b.ts', { rev: 1, change: 'created' }),
    ]
    expect(editsOf(events, 'CLAUDE-a')).toMatchObject([
      { file: 'b.ts', rev: 1, change: 'created', count: 1 },
      { file: 'a.ts', rev: 5, count: 1 },
      { file: 'a.ts', rev: 4, count: 2, added: 4, removed: 2, time: NOON + 40_000 },
    ])
  })

  test('a deletion is a row of its own, and so is a rename', () => {
    const events = [
      aChange(1, 'CLAUDE-a', 'a.ts', { change: 'renamed' }),
      aChange(2, 'CLAUDE-a', 'a.ts'),
      aChange(3, 'CLAUDE-a', 'a.ts', { change: 'deleted' }),
    ]
    expect(editsOf(events, 'CLAUDE-a').map(({ change }) => change)).toEqual(['deleted', 'modified', 'renamed'])
  })
})

describe('messages', () => {
  const events = [
    say(1, 'CLAUDE-a', undefined),
    say(2, undefined, { agent: 'CLAUDE-a' }),
    ack(3, 'CODEX-b', 1),
    ack(4, 'CLAUDE-a', 1),
    ack(5, 'CLAUDE-a', 99),
  ]

  test('newest first, with who has taken note of each, in that order', () => {
    expect(messagesOf(events)).toMatchObject([
      { seq: 2, from: null, to: { agent: 'CLAUDE-a' }, acknowledged: [] },
      { seq: 1, from: 'CLAUDE-a', to: null, acknowledged: [{ agentId: 'CODEX-b' }, { agentId: 'CLAUDE-a' }] },
    ])
    expect(messagesOf([aChange(1, 'CLAUDE-a', 'a.ts')])).toEqual([])
  })

  test('concern who said them, and whom they are for: by name, type, role, or all', () => {
    const [all, own, other, role, type] = [
      say(1, 'CODEX-b', undefined),
      say(2, 'CLAUDE-a', { agent: 'CODEX-b' }),
      say(3, 'CODEX-b', { agent: 'GEMINI-c' }),
      say(4, 'CODEX-b', { role: 'reviewer' }),
      say(5, 'CODEX-b', { role: 'CLAUDE' }),
    ].map((event) => messagesOf([event])[0]!)
    const of = (message: typeof all) => concerns(message!, 'CLAUDE-a', ['reviewer'])
    expect([all, own, other, role, type].map(of)).toEqual([true, true, false, true, true])
    expect(concerns(role!, 'CLAUDE-a', [])).toBe(false)
  })

  test('two lists of events become one, in order, without doubles, the newest kept', () => {
    const [one, two, three] = [
      say(1, 'CLAUDE-a', undefined),
      say(2, 'CLAUDE-a', undefined),
      say(3, 'CLAUDE-a', undefined),
    ]
    expect(joinEvents([one, three], [two, three], 2).map(({ seq }) => seq)).toEqual([2, 3])
  })
})
