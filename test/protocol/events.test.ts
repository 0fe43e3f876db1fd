import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { agentEventData } from '../../protocol/agent-events.js'
import { isFor } from '../../protocol/addressee.js'
import { pathsOf } from '../../protocol/event-paths.js'
import { eventData, isEventType, workspaceEvent, type EventType } from '../../protocol/events.js'
import { agentId } from '../../protocol/ids.js'
import { EVENT_DATA, anEventOf } from '../support/events.js'

const types = Object.keys(eventData).filter(isEventType)

/** Of the mission, and not a request of this protocol (SPEC.md, EVENT). */
const PROMISED = [
  ...['agent:joined', 'agent:left', 'file:changed', 'lock:acquired', 'lock:failed', 'lock:released', 'broadcast'],
  ...['context:update', 'context:sync', 'task:updated', 'plan:proposed', 'plan:acknowledged', 'plan:approved'],
  ...['plan:amendment', 'code:writing', 'code:written', 'review:requested', 'review:in_progress', 'review:completed'],
  ...['fix:suggested', 'fix:in_progress', 'fix:applied', 'conflict:raised', 'conflict:resolved', 'lock:expired'],
  'partition:changed',
]

describe('events', () => {
  it('are of every type that was promised', () => {
    expect(PROMISED.filter((type) => !isEventType(type))).toEqual([])
  })

  it.each(types)('[EVENT-1] %s comes through its schema as it was, and not with data of another type', (type) => {
    const event = anEventOf(type)
    expect(event.data).toEqual(z.looseObject({}).parse(event.data))
    expect(workspaceEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event)
    expect(event.data).toMatchObject(EVENT_DATA[type])
    const other = type === 'agent:left' ? { agent_type: 'CLAUDE' } : { reason: 'gone' }
    if (type !== 'broadcast') expect(workspaceEvent.safeParse({ ...event, data: other }).success).toBe(false)
  })

  it('[EVENT-1] that anyone may publish hold no field that nobody knows', () => {
    const loose = Object.entries(agentEventData)
      .filter(([type]) => type !== 'broadcast')
      .filter(([type, schema]) => schema.safeParse({ ...EVENT_DATA[type as EventType], brandNew: 1 }).success)
    expect(loose.map(([type]) => type)).toEqual([])
  })
})

describe('the paths of an event', () => {
  it.each<[EventType, object, string[]]>([
    ['file:changed', {}, ['src/auth/login.ts']],
    ['lock:failed', {}, ['src/auth/login.ts']],
    ['review:completed', { data: { status: 'APPROVED', findings: [], files: ['a.ts', 'b.ts'] } }, ['a.ts', 'b.ts']],
    [
      'review:completed',
      { data: { status: 'APPROVED', findings: [{ type: 'style', file: 'c.ts', msg: 'x' }] } },
      ['c.ts'],
    ],
    ['plan:proposed', {}, ['src/routes']],
    ['partition:changed', {}, ['src/auth']],
    ['broadcast', {}, []],
  ])('%s', (type, more, paths) => {
    expect(pathsOf(anEventOf(type, more))).toEqual(paths)
  })
})

describe('an addressed event', () => {
  const me = agentId.parse('CODEX-review')
  it.each<[string, Parameters<typeof isFor>[0], boolean]>([
    ['without an address is for everybody', undefined, true],
    ['is for the agent that it names', { agent: me }, true],
    ['is not for another agent', { agent: agentId.parse('CODEX-other') }, false],
  ])('%s', (_, to, expected) => {
    expect(isFor(to, me, ['reviewer'])).toBe(expected)
  })

  it('is for every agent of its role, or of its type', () => {
    const to = (role: string) => anEventOf('broadcast', { to: { role } }).to
    expect(isFor(to('reviewer'), me, ['reviewer'])).toBe(true)
    expect(isFor(to('planner'), me, ['reviewer'])).toBe(false)
    expect(isFor(to('CODEX'), me, [])).toBe(true)
    expect(isFor(to('CLAUDE'), me, [])).toBe(false)
  })
})
