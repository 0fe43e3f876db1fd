import { describe, expect, it } from 'vitest'
import { eventWords } from '../../../client/sdk/event-words.js'
import type { EventType } from '../../../protocol/events.js'
import { anEventOf, EVENT_DATA } from '../../support/events.js'

const words = (type: EventType, more: object = {}): string => {
  const event = anEventOf(type, more)
  switch (event.type) {
    case 'agent:joined':
    case 'agent:left':
    case 'file:changed':
    case 'conflict:raised':
    case 'conflict:resolved':
      throw new Error(`${event.type} is said by each view in its own words`)
    default:
      return eventWords(event, (author) => author.toLowerCase())
  }
}

describe('an event in words', () => {
  it.each<[EventType, string]>([
    ['broadcast', 'says The schema is final. {"tables":["users","orders"]}'],
    ['lock:acquired', 'locked src/auth/login.ts#login'],
    ['lock:failed', 'did not get src/auth/login.ts#login: claude-backend holds it'],
    ['lock:expired', 'held src/auth/login.ts#login until its time was over'],
    ['context:update', 'added a decision: Prices are integers.'],
    ['context:sync', 'brought the shared context in step, 12 entries'],
    ['task:updated', 'task Checkout: API is running, 50 % done'],
    ['task:malformed', 'left task.md as it is: its front matter has no task_id'],
    ['plan:proposed', 'proposes a plan: Split the API'],
    ['plan:amendment', 'amends the plan: Rate limits'],
    ['review:requested', 'asks for a review of src/auth/login.ts'],
    ['review:in_progress', 'reviews r_1'],
    ['review:completed', 'asks for changes in src/auth/login.ts, 1 finding'],
    ['fix:suggested', 'suggests a fix in src/auth/login.ts, line 4: Leave it out.'],
    ['partition:changed', 'src/auth belongs to claude-backend now'],
    ['event:acknowledged', 'has taken note of a plan, event 1'],
  ])('%s', (type, expected) => {
    expect(words(type)).toBe(expected)
  })

  it('says whom it is for', () => {
    expect(words('plan:approved', { to: { agent: 'CODEX-x' } })).toBe('approves plan p_1: go (to codex-x)')
    expect(words('plan:approved', { to: { role: 'reviewer' } })).toBe('approves plan p_1: go (to reviewer)')
  })

  it('says whether a lock was given back or taken away, and what waiting would have come to', () => {
    const released = (more: object) => words('lock:released', { data: { ...EVENT_DATA['lock:released'], ...more } })
    expect(released({})).toBe('released src/auth/login.ts#login')
    expect(released({ reason: 'forced', by: 'CODEX-x' })).toBe('lost src/auth/login.ts#login: codex-x took it away')
    const failed = { ...EVENT_DATA['lock:failed'], reason: 'deadlock' }
    expect(words('lock:failed', { data: failed })).toBe(
      'did not get src/auth/login.ts#login: waiting for claude-backend would never have ended',
    )
  })

  it('is cut where it is long, and stays on one line', () => {
    const said = words('fix:suggested', { data: { file: 'a.ts', suggestion: `first\nsecond ${'x'.repeat(500)}` } })
    expect(said).toMatch(/^suggests a fix in a\.ts: first second x+…$/)
    expect(said.length).toBeLessThan(160)
  })
})
