import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  nextState,
  retryDelay,
  type ConnectionEvent,
  type ConnectionState,
  type Welcome,
} from '../../../client/sdk/connection-state.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { workspaceId } from '../../../protocol/ids.js'

const welcome: Welcome = {
  type: 'welcome',
  ...{ protocol: 1, server: 'test', workspaceId: workspaceId.parse('w'), workspace: 'w' },
  ...{ agentId: null, secret: null, access: 'write', seq: 0 },
}
const broken: ConnectionEvent = { type: 'broken', error: new EnsembleError('E_UNREACHABLE', 'gone') }
const refused: ConnectionEvent = { type: 'broken', error: new EnsembleError('E_UNAUTHORIZED', 'no') }
const events: Record<string, ConnectionEvent> = {
  start: { type: 'start' },
  welcomed: { type: 'welcomed', welcome },
  broken,
  refused,
  retry: { type: 'retry' },
  close: { type: 'close' },
}
const states: Record<ConnectionState['kind'], ConnectionState> = {
  idle: { kind: 'idle' },
  connecting: { kind: 'connecting', attempt: 3 },
  live: { kind: 'live', welcome },
  waiting: { kind: 'waiting', attempt: 3, until: 50, error: broken.error },
  closed: { kind: 'closed', error: null },
}
/** Which state follows; a state that is not named stays. */
const table: Record<ConnectionState['kind'], Partial<Record<string, ConnectionState['kind']>>> = {
  idle: { start: 'connecting', close: 'closed' },
  connecting: { welcomed: 'live', broken: 'waiting', refused: 'closed', close: 'closed' },
  live: { broken: 'waiting', refused: 'closed', close: 'closed' },
  waiting: { retry: 'connecting', close: 'closed' },
  closed: {},
}

test('every state answers every event as the table says', () => {
  for (const [kind, state] of Object.entries(states)) {
    for (const [name, event] of Object.entries(events)) {
      const next = nextState(state, event, 100, 0.5)
      const expected = table[state.kind][name]
      if (expected === undefined) expect(next, `${kind} on ${name}`).toBe(state)
      else expect(next.kind, `${kind} on ${name}`).toBe(expected)
    }
  }
})

test.each([
  ['ten seconds', undefined, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]],
  ['what is told', 2_000, [500, 1000, 2000, 2000, 2000, 2000, 2000, 2000]],
])(
  'failures in a row wait longer, up to %s; a live connection starts again at the shortest',
  (_, longest, expected) => {
    let state: ConnectionState = { kind: 'connecting', attempt: 0 }
    const waits: number[] = []
    for (let i = 0; i < 8; i++) {
      state = nextState(state, broken, 0, 0.999, longest)
      if (state.kind !== 'waiting') throw new Error('it waits')
      waits.push(Math.round(state.until))
      state = nextState(state, { type: 'retry' }, 0, 0)
    }
    for (const [i, wait] of waits.entries()) expect(Math.abs(wait - (expected[i] ?? 0))).toBeLessThan(10)
    const again = nextState(nextState(state, { type: 'welcomed', welcome }, 0, 0), broken, 0, 0)
    expect(again).toMatchObject({ kind: 'waiting', attempt: 1, until: 250 })
  },
)

test('a wait is never shorter than half its ceiling and never longer than it', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
      const ceiling = Math.min(10_000, 500 * 2 ** attempt)
      const wait = retryDelay(attempt, random)
      expect(wait).toBeGreaterThanOrEqual(ceiling / 2)
      expect(wait).toBeLessThanOrEqual(ceiling)
    }),
  )
})
