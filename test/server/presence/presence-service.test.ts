import { describe, expect, test } from 'vitest'
import { agentIdOf, agentInstance, agentType } from '../../../protocol/ids.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { workspacePath } from '../../../protocol/paths.js'
import { EventBus } from '../../../server/events/event-bus.js'
import { EventLog } from '../../../server/events/event-log.js'
import { PresenceService } from '../../../server/presence/presence-service.js'
import { CommitQueue } from '../../../server/storage/commit-queue.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

function open(storage = new FailingStorage()) {
  const clock = new ManualClock()
  const { now, timers } = clock
  const queue = new CommitQueue({ storage, elapsed: now, timers, random: () => 0.5 })
  const events: WorkspaceEvent[] = []
  const eventBus = new EventBus<WorkspaceEvent>(() => undefined)
  eventBus.subscribe((event) => events.push(event))
  let secrets = 0
  const presence = new PresenceService({
    ...{ storage, queue, eventBus, now, timers },
    events: new EventLog(storage, now),
    types: ['CLAUDE', 'CODEX'].map((type) => agentType.parse(type)),
    newSecret: () => `secret-${++secrets}`,
    onError: (error) => {
      throw error
    },
  })
  const join = (type: string, instance: string, secret?: string, replaced: () => void = () => undefined) =>
    presence.join(
      {
        ...{ type: agentType.parse(type), instance: agentInstance.parse(instance), partition: null },
        ...(secret === undefined ? {} : { secret }),
      },
      replaced,
    )
  return { storage, clock, presence, events, join }
}

describe('who is there', () => {
  test('[MSG-16] shows what an agent last told of its folder, until it leaves', () => {
    const { presence, join } = open()
    const one = join('CLAUDE', 'a')
    const folder = { paused: null, leftOut: 2 }
    const seen: number[] = []
    presence.onChange((agents) => seen.push(agents.filter((agent) => agent.folder !== null).length))
    presence.folder(one, folder)
    presence.folder(one, folder)
    expect(presence.agents()).toMatchObject([{ agentId: 'CLAUDE-a', folder }])
    const back = join('CLAUDE', 'a', one.secret)
    presence.folder(one, { paused: null, leftOut: 3 }) // from the connection that was replaced
    expect(presence.agents()).toMatchObject([{ folder }])
    presence.leave(back, 'left')
    join('CLAUDE', 'a')
    expect(presence.agents()).toMatchObject([{ folder: null }])
    expect(seen).toEqual([1, 1, 0, 0])
  })

  test('whoever finds a name taken learns by which process', () => {
    const { presence, join } = open()
    const process = { pid: 4711, host: 'box' }
    presence.join(
      { type: agentType.parse('CLAUDE'), instance: agentInstance.parse('a'), partition: null, process },
      () => undefined,
    )
    expect(() => join('CODEX', 'a')).toThrow(
      expect.objectContaining({
        hint: 'Choose another --instance, or end the other one, which is process 4711 on box, first.',
        data: expect.objectContaining(process) as unknown,
      }),
    )
  })

  test('[MSG-12] an instance name is unique over all types; the order of first joining lasts over restarts', async () => {
    const { storage, presence, join } = open()
    const one = join('CLAUDE', 'a')
    join('CODEX', 'b')
    expect(() => join('CODEX', 'a')).toThrow(expect.objectContaining({ code: 'E_AGENT_TAKEN' }))
    expect(() => join('GEMINI', 'c')).toThrow(expect.objectContaining({ code: 'E_AGENT_TYPE' }))
    presence.leave(one, 'left')
    join('CODEX', 'a')
    expect(presence.agents().map(({ agentId, order }) => [agentId, order])).toEqual([
      ['CODEX-b', 2],
      ['CODEX-a', 3],
    ])
    await turn()
    const again = open(storage)
    expect(again.join('CLAUDE', 'a').agent.order).toBe(1)
    expect(again.join('CLAUDE', 'new').agent.order).toBe(4)
  })

  test('[MSG-10] coming back with the secret replaces, once; the one that was replaced can take nothing away', () => {
    const { presence, join } = open()
    let replaced = 0
    const first = join('CLAUDE', 'a', undefined, () => {
      replaced++
    })
    const second = join('CLAUDE', 'a', first.secret)
    expect(replaced).toBe(1)
    presence.leave(first, 'lost')
    expect(presence.agents()).toHaveLength(1)
    expect(() => join('CLAUDE', 'a', first.secret)).toThrow()
    expect(() => join('CODEX', 'a', second.secret)).toThrow()
    presence.leave(second, 'left')
    expect(presence.agents()).toEqual([])
  })

  test('[SYNC-1] joining and leaving are told as events when they are stored, and to the roster at once', async () => {
    const { storage, presence, events, join } = open()
    const rosters: number[] = []
    presence.onChange((agents) => rosters.push(agents.length))
    storage.hold()
    const one = join('CLAUDE', 'a')
    presence.leave(one, 'lost')
    await turn()
    expect(rosters).toEqual([1, 0])
    expect(events).toEqual([])
    storage.releaseAll()
    await turn()
    expect(events.map(({ type }) => type)).toEqual(['agent:joined', 'agent:left'])
  })

  test('who writes is editing that file, and idle 15 seconds after its last write', async () => {
    const { clock, presence, join } = open()
    const path = workspacePath.parse('a.ts')
    const { agent } = join('CLAUDE', 'a')
    presence.wrote(agent.agentId, path)
    expect(presence.agents()).toMatchObject([{ state: 'editing', file: 'a.ts' }])
    await clock.advance(10_000)
    presence.wrote(agent.agentId, path)
    await clock.advance(10_000)
    expect(presence.agents()).toMatchObject([{ state: 'editing' }])
    await clock.advance(5_000)
    expect(presence.agents()).toMatchObject([{ state: 'idle' }])
    presence.wrote('PEER', path)
    expect(clock.waiting).toEqual([])
  })

  test('[MSG-15] every agent that ever joined is known with its order, also after it left and over restarts', async () => {
    const { storage, presence, join } = open()
    presence.leave(join('CODEX', 'b'), 'left')
    join('CLAUDE', 'a')
    const known = [
      { agentId: 'CODEX-b', order: 1 },
      { agentId: 'CLAUDE-a', order: 2 },
    ]
    expect(presence.known()).toEqual(known)
    await turn()
    expect(open(storage).presence.known()).toEqual(known)
  })

  test('an agent that goes because the server stops is told to nobody', async () => {
    const { clock, presence, events, join } = open()
    const one = join('CLAUDE', 'a')
    await turn()
    const rosters: number[] = []
    presence.onChange((agents) => rosters.push(agents.length))
    presence.close()
    presence.wrote(one.agent.agentId, workspacePath.parse('a.ts'))
    presence.leave(one, 'lost')
    await turn()
    expect(rosters).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(['agent:joined'])
    expect(clock.waiting).toEqual([])
  })

  test('[SYNC-15] an agent that leaves, and the end of the service, leave no timer', () => {
    const { clock, presence, join } = open()
    const path = workspacePath.parse('a.ts')
    const one = join('CLAUDE', 'a')
    const two = join('CLAUDE', 'b')
    presence.wrote(one.agent.agentId, path)
    presence.wrote(two.agent.agentId, path)
    // And the roster, which has just been told.
    expect(clock.waiting).toHaveLength(3)
    presence.leave(one, 'left')
    expect(clock.waiting).toHaveLength(1)
    presence.wrote(two.agent.agentId, workspacePath.parse('b.ts'))
    expect(clock.waiting).toHaveLength(2)
    presence.close()
    expect(clock.waiting).toEqual([])
  })
})

describe('what an agent does', () => {
  const told = { state: 'testing', file: workspacePath.parse('a.ts'), symbol: 'main' } as const

  test('[AGENT-1, AGENT-2] it says so itself; writing shows as editing, and then what it said again', async () => {
    const { presence, join, clock } = open()
    const { agent } = join('CLAUDE', 'a')
    let changes = 0
    presence.onChange(() => changes++)
    expect(presence.says(agent.agentId, told)).toMatchObject({ ...told, since: clock.now() })
    presence.says(agent.agentId, told)
    expect(changes).toBe(1)
    await clock.advance(1_000)
    presence.wrote(agent.agentId, workspacePath.parse('b.ts'))
    expect(presence.agents()).toMatchObject([{ state: 'editing', file: 'b.ts', symbol: null, since: clock.now() }])
    await clock.advance(15_000)
    expect(presence.agents()).toMatchObject([{ ...told, since: clock.now() }])
    expect(presence.says(agent.agentId, { state: 'blocked' })).toMatchObject({ ...told, state: 'blocked' })
    expect(presence.says(agent.agentId, { state: 'idle', file: null })).toMatchObject({ file: null, symbol: null })
  })

  test('[AGENT-2] of a lone write the roster tells at once; of many it tells what is so by then, five times a second', async () => {
    const { presence, join, clock } = open()
    const { agent } = join('CLAUDE', 'a')
    const other = join('CLAUDE', 'b')
    const files: (string | null)[] = []
    presence.onChange(([first]) => files.push(first?.file ?? null))
    const wrote = (file: string) => presence.wrote(agent.agentId, workspacePath.parse(file))
    await clock.advance(200)
    wrote('a.ts')
    expect(files).toEqual(['a.ts'])
    wrote('b.ts')
    await clock.advance(150)
    wrote('c.ts')
    expect(files).toEqual(['a.ts'])
    await clock.advance(50)
    expect(files).toEqual(['a.ts', 'c.ts'])
    wrote('d.ts')
    presence.leave(other, 'left')
    expect(files).toEqual(['a.ts', 'c.ts', 'd.ts'])
    await clock.advance(1_000)
    expect(files).toHaveLength(3)
  })

  test('[AGENT-3] one without a connection is there until its time is over', async () => {
    const { presence, clock, events } = open()
    const id = agentIdOf(agentType.parse('CODEX'), agentInstance.parse('hook'))
    presence.announce(id, { ...told, ttl: 30 })
    await clock.advance(29_000)
    expect(presence.announce(id, { state: 'idle', ttl: 30 })).toMatchObject({ state: 'idle', file: 'a.ts' })
    await clock.advance(29_999)
    expect(presence.agents()).toHaveLength(1)
    await clock.advance(1)
    expect(presence.agents()).toEqual([])
    expect(events.map(({ type, data }) => [type, 'reason' in data ? data.reason : null])).toEqual([
      ['agent:joined', null],
      ['agent:left', 'lost'],
    ])
    expect(clock.waiting).toEqual([])
  })

  test('[AGENT-3] it connects, and is the same; it goes at once when it says so', async () => {
    const { presence, join, clock, events } = open()
    const id = agentIdOf(agentType.parse('CODEX'), agentInstance.parse('hook'))
    presence.announce(id, told)
    const session = join('CODEX', 'hook')
    await clock.advance(100_000)
    expect(presence.agents()).toMatchObject([{ agentId: id, state: 'testing' }])
    expect(presence.announce(id, { state: 'blocked', ttl: 1 })).toMatchObject({ state: 'blocked' })
    await clock.advance(100_000)
    expect(presence.agents()).toHaveLength(1)
    expect(() => presence.withdraw(id)).toThrow(expect.objectContaining({ code: 'E_AGENT_TAKEN' }) as Error)
    presence.leave(session, 'left')
    presence.announce(id, told)
    presence.withdraw(id)
    expect(() => presence.withdraw(id)).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }) as Error)
    expect(presence.agents()).toEqual([])
    await turn()
    expect(events.map(({ type }) => type)).toEqual(['agent:joined', 'agent:left', 'agent:joined', 'agent:left'])
    expect(clock.waiting).toEqual([])
  })
})
