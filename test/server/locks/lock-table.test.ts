import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agentId, lockId } from '../../../protocol/ids.js'
import type { LockType } from '../../../protocol/locks.js'
import { workspacePath } from '../../../protocol/paths.js'
import type { Want } from '../../../server/locks/blockers.js'
import {
  decide,
  EMPTY_TABLE,
  nextDeadline,
  type Decided,
  type LockCommandInside,
} from '../../../server/locks/lock-table.js'
import { lockSteps, play } from './lock-steps.js'

const ada = agentId.parse('CLAUDE-ada')
const bob = agentId.parse('CODEX-bob')
const eve = agentId.parse('GEMINI-eve')

const want = (path: string, type: LockType = 'EXCLUSIVE', lines?: [number, number]): Want => ({
  path: workspacePath.parse(path),
  region: lines === undefined ? { kind: 'file' } : { kind: 'lines', from: lines[0], to: lines[1] },
  span:
    lines === undefined
      ? null
      : {
          from: { at: (lines[0] - 1) * 10, newLines: lines[0] - 1 },
          to: { at: lines[1] * 10 - 1, newLines: lines[1] - 1 },
        },
  type,
})

class Story {
  #table = EMPTY_TABLE
  #request = 0
  last: Decided = { table: EMPTY_TABLE, settled: [], ended: [] }

  do(now: number, command: LockCommandInside): this {
    this.last = decide(this.#table, command, now)
    this.#table = this.last.table
    return this
  }

  ask(now: number, holder: typeof ada, wants: Want | Want[], { wait = 0, ttl = 1000, bound = true } = {}): this {
    return this.do(now, {
      kind: 'acquire',
      request: ++this.#request,
      holder,
      wants: [wants].flat(),
      wait,
      ttl,
      bound,
    })
  }

  /** What the last step settled, in short. */
  get told(): string[] {
    return this.last.settled.map((one) => {
      const who = one.asking.holder.split('-')[1] ?? ''
      return one.outcome === 'refused' ? `${who} ${one.refused.reason}` : `${who} ${one.outcome}`
    })
  }

  get held(): string[] {
    return [...this.#table.leases.values()].map(({ holder, path, type }) => `${holder} ${path} ${type}`)
  }
}

describe('the lock table', () => {
  it('[LOCK-2] EXCLUSIVE goes with REVIEW alone, SHARED with all but EXCLUSIVE, REVIEW with everything', () => {
    const types: LockType[] = ['EXCLUSIVE', 'REVIEW', 'SHARED']
    const matrix = types.map((first) =>
      types.map(
        (second) => new Story().ask(0, ada, want('f', first)).ask(0, bob, want('f', second)).told[0] === 'bob granted',
      ),
    )
    expect(matrix).toEqual([
      [false, true, false],
      [true, true, true],
      [false, true, true],
    ])
  })

  it('[LOCK-3] different regions of one file are held at once; what overlaps is not', () => {
    const story = new Story().ask(0, ada, want('f', 'EXCLUSIVE', [1, 5]))
    expect(story.ask(0, bob, want('f', 'EXCLUSIVE', [6, 9])).told).toEqual(['bob granted'])
    expect(story.ask(0, eve, want('f', 'EXCLUSIVE', [5, 6])).told).toEqual(['eve held'])
    expect(story.ask(0, eve, want('f')).told).toEqual(['eve held'])
    expect(story.ask(0, eve, want('g')).told).toEqual(['eve granted'])
  })

  it('[LOCK-2] a file that comes to a path brings its locks; what others hold there that does not go with them ends', () => {
    const story = new Story().ask(0, ada, want('f', 'SHARED', [1, 5])).ask(0, bob, want('g'))
    story.ask(0, ada, want('g', 'REVIEW')).ask(1, eve, want('f'), { wait: 500 })
    story.do(2, { kind: 'moved', from: workspacePath.parse('f'), to: workspacePath.parse('g'), by: 'DISK' })
    expect(story.held).toEqual(['CLAUDE-ada g SHARED', 'CLAUDE-ada g REVIEW'])
    expect(story.last.ended).toMatchObject([{ lease: { holder: bob }, reason: 'forced', by: 'DISK' }])
    expect(story.do(3, { kind: 'release', ids: [lockId.parse('l1')] }).told).toEqual(['eve granted'])
    expect(story.held).toContain('GEMINI-eve g EXCLUSIVE')
  })

  it('[LOCK-4] asking again for what one holds renews it, with its id and token; an upgrade keeps both, too', () => {
    const story = new Story().ask(0, ada, want('f', 'SHARED'), { ttl: 100 })
    story.ask(50, ada, want('f', 'SHARED'), { ttl: 100 })
    expect(story.last.settled).toMatchObject([{ outcome: 'granted', leases: [{ id: 'l1', expires: 150 }], fresh: [] }])
    story.ask(60, ada, want('f', 'EXCLUSIVE'), { ttl: 100 })
    expect(story.last.settled).toMatchObject([
      { leases: [{ id: 'l1', token: 1, type: 'EXCLUSIVE' }], fresh: [{ id: 'l1' }] },
    ])
    expect(story.ask(60, ada, want('f', 'SHARED')).held).toEqual(['CLAUDE-ada f EXCLUSIVE'])
  })

  it('[LOCK-4] an upgrade waits for the other holders, and passes those who wait for it', () => {
    const story = new Story().ask(0, ada, want('f', 'SHARED')).ask(0, bob, want('f', 'SHARED'))
    story.ask(1, eve, want('f'), { wait: 500 })
    expect(story.ask(2, ada, want('f'), { wait: 500 }).told).toEqual([])
    expect(story.do(3, { kind: 'gone', agent: bob, reason: 'left' }).told).toEqual(['ada granted'])
  })

  it('[LOCK-5] several locks at once are granted together, or not at all', () => {
    const story = new Story().ask(0, ada, want('b'))
    expect(story.ask(0, bob, [want('a'), want('b')]).told).toEqual(['bob held'])
    expect(story.held).toEqual(['CLAUDE-ada b EXCLUSIVE'])
    story.ask(1, bob, [want('a'), want('b')], { wait: 100 })
    expect(story.ask(2, eve, want('a')).told, 'behind bob, who asked before').toEqual(['eve held'])
    expect(
      story.do(3, { kind: 'release', ids: story.last.table.leases.size > 0 ? [...story.last.table.leases.keys()] : [] })
        .told,
    ).toEqual(['bob granted'])
    expect(story.held).toEqual(['CODEX-bob a EXCLUSIVE', 'CODEX-bob b EXCLUSIVE'])
  })

  it('[LOCK-8] of several in the way, the one is named that lasts longest, as long as is said', () => {
    const story = new Story().ask(0, ada, want('f', 'EXCLUSIVE', [1, 2]), { ttl: 100 })
    story.ask(0, bob, want('f', 'EXCLUSIVE', [4, 5]), { ttl: 500 }).ask(10, eve, want('f'))
    expect(story.last.settled).toMatchObject([
      { outcome: 'refused', refused: { blocker: { holder: bob, lease: { id: 'l2' } }, expectedWait: 490 } },
    ])
  })

  it('[LOCK-6] the next in line gets it when a lease ends, and who waited too long is told', () => {
    const story = new Story().ask(0, ada, want('f'), { ttl: 100 })
    story.ask(1, bob, want('f'), { wait: 50 }).ask(2, eve, want('f'), { wait: 500 })
    expect(nextDeadline(story.last.table)).toBe(51)
    expect(story.do(51, { kind: 'tick' }).told).toEqual(['bob timeout'])
    expect(story.do(100, { kind: 'tick' }).told).toEqual(['eve granted'])
    expect(story.last.ended).toMatchObject([{ reason: 'expired', lease: { holder: ada } }])
  })

  it('[LOCK-8] a refusal names holder, place, time and turn', () => {
    const story = new Story().ask(10, ada, want('f', 'EXCLUSIVE', [1, 5]), { ttl: 100 })
    story.ask(20, bob, want('f'), { wait: 500 })
    const [settled] = story.ask(30, eve, want('f', 'SHARED', [2, 3])).last.settled
    expect(settled).toMatchObject({
      outcome: 'refused',
      refused: {
        reason: 'held',
        blocker: { holder: ada, since: 10, theirs: { path: 'f', region: { kind: 'lines', from: 1, to: 5 } } },
        expectedWait: 80,
        place: 2,
      },
    })
  })

  it('[LOCK-9] of a circle, the request that began to wait last is refused, and told the circle', () => {
    const story = new Story().ask(0, ada, want('a')).ask(0, bob, want('b')).ask(0, eve, want('c'))
    story.ask(1, ada, want('b'), { wait: 900 }).ask(2, bob, want('c'), { wait: 900 })
    expect(story.ask(3, eve, want('a'), { wait: 900 }).told).toEqual(['eve deadlock'])
    expect(story.last.settled).toMatchObject([
      {
        refused: {
          cycle: [
            { agent: eve, waitsFor: ada, reason: { path: 'a' } },
            { agent: ada, waitsFor: bob, reason: { path: 'b' } },
            { agent: bob, waitsFor: eve, reason: { path: 'c' } },
          ],
        },
      },
    ])
  })

  it('[LOCK-9] two who share a lock and both want it EXCLUSIVE do not wait for each other for ever', () => {
    const story = new Story().ask(0, ada, want('f', 'SHARED')).ask(0, bob, want('f', 'SHARED'))
    story.ask(1, ada, want('f'), { wait: 900 })
    expect(story.ask(2, bob, want('f'), { wait: 900 }).told).toEqual(['bob deadlock'])
  })

  it('[LOCK-9] a circle may lead over a task', () => {
    const story = new Story().ask(0, ada, want('f')).ask(1, bob, want('f'), { wait: 900 })
    expect(story.do(2, { kind: 'tasks', waitsFor: new Map([[ada, [bob]]]) }).told).toEqual(['bob deadlock'])
    expect(story.last.settled).toMatchObject([{ refused: { cycle: [{ agent: bob }, { agent: ada, reason: null }] } }])
    expect(
      story.do(3, {
        kind: 'tasks',
        waitsFor: new Map([
          [ada, [eve]],
          [eve, [ada]],
        ]),
      }).told,
      'not ours',
    ).toEqual([])
  })

  it('[LOCK-7] whoever goes takes along what its connection held', () => {
    const story = new Story().ask(0, ada, want('f')).ask(0, ada, want('g'), { bound: false })
    story
      .ask(1, bob, [want('f')], { wait: 900 })
      .ask(1, ada, want('h'))
      .ask(2, eve, want('h'), { wait: 900 })
    expect(story.do(3, { kind: 'gone', agent: ada, reason: 'lost' }).told).toEqual(['bob granted', 'eve granted'])
    expect(story.last.ended.map(({ lease, reason }) => `${lease.path} ${reason}`)).toEqual(['f lost', 'h lost'])
    expect(story.held).toContain('CLAUDE-ada g EXCLUSIVE')
  })

  it('[LOCK-6] a renewal puts the end off, and never brings it nearer', () => {
    const story = new Story().ask(0, ada, want('f'), { ttl: 100 })
    const ids = [...story.last.table.leases.keys()]
    expect(nextDeadline(story.do(50, { kind: 'renew', ids }).last.table)).toBe(150)
    expect(nextDeadline(story.do(60, { kind: 'renew', ids, ttl: 5 }).last.table)).toBe(150)
  })

  /** Steps in all; the long run: ENSEMBLE_LOCK_STEPS=1000000 npx vitest run test/server/locks/lock-table.test.ts */
  const STEPS = Number(process.env['ENSEMBLE_LOCK_STEPS'] ?? 20_000)
  const LENGTH = 200

  it.each([{ withEdits: false }, { withEdits: true }])(
    '[LOCK-1] random steps: no two clashing locks, rising tokens, first come first served, no lost wake-up, no circle ($withEdits)',
    (options) => {
      const counts = { granted: 0, waited: 0, broken: 0, expired: 0 }
      const property = fc.property(lockSteps(options, LENGTH), (steps) => {
        const { granted, waited, broken, expired } = play(steps)
        counts.granted += granted
        counts.waited += waited
        counts.broken += broken
        counts.expired += expired
      })
      fc.assert(property, { numRuns: Math.ceil(STEPS / 2 / LENGTH) })
      expect(Math.min(...Object.values(counts)), 'each kind of thing happened').toBeGreaterThan(0)
    },
    Math.max(30_000, STEPS),
  )
})

describe('a table as full as it may be', () => {
  const LEASES = 5_000
  const WAITING = 1_000
  const name = (n: number) => agentId.parse(`CLAUDE-${n}`)
  /** How often places were compared, which is what deciding costs. */
  let compared = 0
  const counted = (path: string): Want => {
    const made = want(path)
    return {
      ...made,
      get type() {
        compared++
        return made.type
      },
    }
  }

  it.each(['apart', 'on the same files'])(
    'what is decided costs what stands in its paths: those who wait want files %s',
    (how) => {
      const story = new Story()
      const wait = { wait: 1e6, ttl: 1e6 }
      for (let n = 0; n < LEASES; n += 10) {
        const wants = Array.from({ length: 10 }, (_, i) => counted(`f${n + i}`))
        story.ask(0, name(n % 20), wants, wait)
      }
      for (let n = 0; n < WAITING; n++) {
        const wants = Array.from({ length: 8 }, (_, i) =>
          counted(`f${how === 'apart' ? (n * 8 + i) % LEASES : i * 251}`),
        )
        compared = 0
        story.ask(1, name(1_000 + n), wants, wait)
        expect(story.last.settled).toEqual([])
        expect(compared).toBeLessThan(200)
      }
      compared = 0
      story.do(2, { kind: 'release', ids: [lockId.parse('l1')] })
      expect(compared).toBeLessThan(200_000)
      compared = 0
      story.do(3, { kind: 'tick' })
      expect(compared).toBe(0)
    },
  )
})
