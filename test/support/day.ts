/** A day of agents that come and go, in the services of a server on a clock that is moved by hand: what is left of it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { z } from 'zod'
import { agentIdOf, agentInstance, agentType } from '../../protocol/ids.js'
import { lockCommand } from '../../protocol/locks.js'
import { workspacePath } from '../../protocol/paths.js'
import type { FileCommit } from '../../server/documents/ledger.js'
import { EventBus } from '../../server/events/event-bus.js'
import { LockService } from '../../server/locks/lock-service.js'
import { PresenceService, type Membership } from '../../server/presence/presence-service.js'
import type { Row } from '../../server/storage/storage.js'
import { Feeds } from '../../server/sync/feeds.js'
import { openEvents } from '../server/events/harness.js'
import { ManualClock } from './manual-clock.js'

export const AGENTS = 50
const HOUR = 60
/** Of chance that is the same in each run. */
function* chances(seed: number): Generator<number> {
  for (;;) {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
    yield seed / 2 ** 32
  }
}

setFlagsFromString('--expose-gc')
const collect = z.function({ input: [], output: z.unknown() }).implement(runInNewContext('gc') as () => unknown)

/** What is there when every agent has gone. */
export interface Left {
  readonly timers: number
  readonly listeners: number
  readonly locks: number
  /** In bytes. */
  readonly heap: number
}

export interface Day {
  /** After two hours, and after all of it. */
  readonly before: Left
  readonly after: Left
  /** Messages that agents heard, locks that they took, and asked for in vain. */
  readonly received: number
  readonly taken: number
  readonly refused: number
  /** Agents and timers that are there at the end of everything. */
  readonly end: { readonly agents: number; readonly timers: number }
}

export async function liveDay(): Promise<Day> {
  const clock = new ManualClock()
  const { now, timers } = clock
  const { storage, queue, log, stream, service, inboxes, say, told } = openEvents(undefined, clock)
  storage.tries.push = () => 0 // the test's storage notes every try: that is no growth of the server
  const onError = (error: unknown): void => {
    throw error
  }
  let secrets = 0
  const presence = new PresenceService({
    ...{ storage, queue, events: log, eventBus: stream, now, timers, onError },
    types: [agentType.parse('CLAUDE')],
    newSecret: () => `secret-${++secrets}`,
  })
  const locks = new LockService({
    ...{ storage, queue, events: log, eventBus: stream, now, elapsed: clock.elapsed, timers, onError },
    grace: 30_000,
    isConnected: (id) => presence.agents().some(({ agentId }) => agentId === id),
    head: () => undefined,
    entry: () => undefined,
    textOf: () => Promise.resolve(null),
    seal: () => undefined,
    symbol: () => Promise.reject(new Error('no text is locked here')),
    near: () => [],
  })
  const feeds = new Feeds({
    ...{ events: log, eventBus: stream, commits: new EventBus<FileCommit>(onError), now, timers, onError },
    ...{ workspaceId: 'w' as never, heads: () => [], agents: () => presence.agents() },
    onAgents: (listener) => presence.onChange(listener),
    onLocks: () => () => undefined,
    onTold: () => undefined,
    defer: (run) => void setImmediate(run),
  })
  const chance = chances(7)
  const next = (): number => chance.next().value as number
  const sessions = new Map<number, { readonly member: Membership; readonly dispose: () => void }>()
  let received = 0
  let taken = 0
  let refused = 0
  const hear = (): void => {
    received++
  }

  const leave = (place: number): void => {
    const session = sessions.get(place)
    if (session === undefined) return
    presence.wrote(session.member.agent.agentId, workspacePath.parse('b.ts')) // it goes in the middle of its work
    session.dispose()
    presence.leave(session.member, next() < 0.5 ? 'left' : 'lost')
    sessions.delete(place)
  }
  const join = (place: number): void => {
    const instance = agentInstance.parse(`a${place}`)
    const member = presence.join({ type: agentType.parse('CLAUDE'), instance, partition: null }, () => undefined)
    const wants = service.wants({ types: ['broadcast', 'agent:*'] }, member.agent.agentId)
    const hearMissed = (): Promise<void> => {
      hear()
      return Promise.resolve()
    }
    const fed = new Set(['events', 'agents'] as const)
    const dispose = feeds.subscribe(fed, stream.told, wants, hear, hearMissed, onError)
    sessions.set(place, { member, dispose })
  }
  const minute = async (): Promise<void> => {
    const place = Math.floor(next() * AGENTS)
    if (sessions.has(place)) leave(place)
    else join(place)
    const [busy] = [...sessions.values()]
    if (busy !== undefined) {
      const { agentId } = busy.member.agent
      presence.wrote(agentId, workspacePath.parse('a.ts'))
      if (next() < 0.2) await say(agentId, { n: received })
      const any = [...sessions.values()][Math.floor(next() * sessions.size)] ?? busy
      const wants = [{ path: `f${Math.floor(next() * 20)}.ts` }]
      const asking = locks.acquire(
        lockCommand.parse({ wants, ttl: 600, wait: next() < 0.5 ? 0 : 300 }),
        any.member.agent.agentId,
      )
      asking.then(
        ({ outcome }) => (outcome === 'granted' ? taken++ : refused++),
        () => refused++,
      )
      const { messages } = inboxes.look({ take: true }, agentId)
      const last = messages.at(-1)
      if (last !== undefined) await inboxes.receipt(last.seq, agentId)
      if (last !== undefined && next() < 0.2) await service.acknowledge(last.seq, agentId)
    }
    if (next() < 0.3) {
      const id = busy?.member.agent.agentId
      if (id !== undefined) presence.announce(id, { state: 'testing' })
    }
    await clock.advance(60_000)
    await queue.idle()
  }
  const stop = async (): Promise<Left> => {
    for (let place = 0; place < AGENTS; place++) leave(place)
    await queue.idle()
    await clock.advance(3_600_000) // every lock that nobody released is over by then
    await queue.idle()
    const { length } = clock.waiting
    // The log is on the disk of a real server, and what the test heard is the test's.
    const old = (table: string): Row => ({ deleteFrom: [table, 0], to: [table, log.seq] })
    await storage.commit([old('event'), old('ack')])
    told.length = 0
    collect()
    return { timers: length, listeners: stream.size, locks: locks.count, heap: process.memoryUsage().heapUsed }
  }

  // Inboxes are full from the beginning, of messages like those that come: they grow up to their bound, and no further.
  const first = agentIdOf(agentType.parse('CLAUDE'), agentInstance.parse('a0'))
  await Promise.all(Array.from({ length: 10_500 }, (_, n) => say(first, { n: 1_000_000 + n })))
  for (let n = 0; n < 2 * HOUR; n++) await minute()
  const before = await stop()
  for (let n = 0; n < 22 * HOUR; n++) await minute()
  const after = await stop()
  const agents = presence.agents().length
  feeds.close()
  presence.close()
  locks.close()
  return { before, after, received, taken, refused, end: { agents, timers: clock.waiting.length } }
}
