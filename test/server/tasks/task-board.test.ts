import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { author, taskId, writeId, type TaskId } from '../../../protocol/ids.js'
import { subtaskState, type Task } from '../../../protocol/tasks.js'
import { commandOf, type Short } from './commands.js'
import { decide, type Board, type Done, type Entry } from '../../../server/tasks/task-board.js'

const A = 'CLAUDE-a'
const B = 'CODEX-b'
const HUMAN = 'PEER'
const T = taskId.parse('T-1')
let writes = 0
const id = () => writeId.parse(`w${++writes}`)

/** A board that remembers, with what was asked of it. */
class Driven {
  board: Board = new Map<TaskId, Entry>()
  #made = 0

  ask(command: Short, by = A, now = 1_000) {
    const newId = (): TaskId => (this.#made++ === 0 ? T : taskId.parse(`T-${this.#made}`))
    const before = this.board
    const decision = decide(this.board, commandOf(command), author.parse(by), now, newId)
    expect(this.board).toBe(before)
    if (decision.kind === 'done') this.board = new Map([...this.board, [decision.entry.task.id, decision.entry]])
    return decision
  }

  done(command: Short, by = A, now = 1_000): Done {
    const decision = this.ask(command, by, now)
    if (decision.kind === 'refused') throw decision.error
    return decision
  }

  refusal(command: Short, by = A) {
    const decision = this.ask(command, by)
    if (decision.kind === 'done') throw new Error(`${command.do} was carried out`)
    const { code, message, hint, data } = decision.error
    return { code, message, hint, data }
  }

  get task(): Task {
    return this.board.get(T)!.task
  }

  subtask(at: string) {
    return this.task.subtasks.find((one) => one.id === at)!
  }
}

function withTask(...titles: string[]): Driven {
  const driven = new Driven()
  driven.done({
    do: 'create',
    writeId: id(),
    title: 'Checkout',
    mode: 'PAR-MULTI',
    subtasks: titles.map((title) => ({ title })),
  })
  return driven
}

describe('claiming', () => {
  test('[TASK-1] one of many gets a subtask, the others hear who has it, and asking again changes nothing', () => {
    const driven = withTask('API', 'UI')
    expect(driven.done({ do: 'claim', task: T, subtask: '1' }, A)).toMatchObject({ changed: true, subtask: '1' })
    expect(driven.refusal({ do: 'claim', task: T, subtask: '1' }, B)).toMatchObject({
      code: 'E_TASK',
      message: expect.stringContaining('to CLAUDE-a') as string,
      data: { assignee: A, state: 'running', subtask: '1' },
    })
    expect(driven.done({ do: 'claim', task: T, subtask: '1' }, A).changed).toBe(false)
    expect(driven.done({ do: 'claim', task: T, subtask: null }, B).subtask).toBe('2')
    expect(driven.refusal({ do: 'claim', task: T, subtask: null }, 'GEMINI-c').code).toBe('E_TASK')
    expect(driven.refusal({ do: 'claim', task: T, subtask: '1' }, HUMAN).code).toBe('E_BAD_REQUEST')
  })

  test('what is given to an agent, or to its type, is its own to claim, and comes first', () => {
    const driven = withTask('API', 'UI', 'Docs')
    driven.done({ do: 'assign', task: T, subtask: '2', assignee: 'CODEX' })
    driven.done({ do: 'assign', task: T, subtask: '3', assignee: A })
    expect(driven.done({ do: 'claim', task: T, subtask: null }, B).subtask).toBe('2')
    expect(driven.subtask('2').assignee).toBe(B)
    expect(driven.done({ do: 'claim', task: T, subtask: null }, A).subtask).toBe('3')
    expect(driven.refusal({ do: 'claim', task: T, subtask: '3' }, B).code).toBe('E_TASK')
  })
})

describe('dependencies', () => {
  test('[TASK-2] a subtask starts when what it depends on is done; a circle is refused, and named', () => {
    const driven = withTask('a', 'b', 'c')
    driven.done({ do: 'depend', task: T, subtask: '2', depends_on: ['1'] })
    driven.done({ do: 'depend', task: T, subtask: '3', depends_on: ['2'] })
    const circle = driven.refusal({ do: 'depend', task: T, subtask: '1', depends_on: ['3'] })
    expect(circle.message).toContain('1 → 3 → 2 → 1')
    expect(circle.data['cycle']).toEqual(['1', '3', '2', '1'])
    expect(driven.refusal({ do: 'depend', task: T, subtask: '1', depends_on: ['1'] }).message).toContain('1 → 1')
    expect(driven.subtask('1').depends_on).toEqual([])
    expect(driven.refusal({ do: 'claim', task: T, subtask: '2' }).message).toContain('wait for 1 "a"')
    expect(driven.refusal({ do: 'move', task: T, subtask: '2', state: 'running' }).code).toBe('E_TASK')
    expect(driven.refusal({ do: 'depend', task: T, subtask: '1', depends_on: ['9'] }).code).toBe('E_NOT_FOUND')
    for (const state of ['review', 'done'] as const)
      expect(driven.refusal({ do: 'move', task: T, subtask: '2', state }).message).toContain('wait for 1 "a"')
    driven.done({ do: 'move', task: T, subtask: '1', state: 'done' })
    expect(driven.refusal({ do: 'depend', task: T, subtask: '1', depends_on: ['3'] }).message).toContain('done already')
    expect(driven.done({ do: 'claim', task: T, subtask: '2' }).changed).toBe(true)
  })
})

describe('progress', () => {
  test('[TASK-3] is the mean of the subtasks, rounded down', () => {
    const driven = withTask('a', 'b', 'c')
    driven.done({ do: 'move', task: T, subtask: '1', state: 'done' })
    driven.done({ do: 'progress', task: T, subtask: '2', progress: 50 })
    expect(driven.task.progress).toBe(50)
    driven.done({ do: 'move', task: T, subtask: '1', state: 'waiting' })
    expect(driven.task.progress).toBe(16)
  })
})

describe('the task itself', () => {
  test('[TASK-4] halts, goes on, and is completed when all of it is done', () => {
    const driven = withTask('a')
    driven.done({ do: 'halt', task: T })
    for (const command of [
      { do: 'claim', task: T, subtask: '1' },
      { do: 'move', task: T, subtask: '1', state: 'done' },
      { do: 'assign', task: T, subtask: '1', assignee: B },
      { do: 'add', writeId: 'w', task: T, title: 'b' },
    ] as Short[]) {
      expect(driven.refusal(command)).toMatchObject({
        code: 'E_TASK',
        hint: '"ensemble tasks resume T-1" goes on with it.',
      })
    }
    expect(driven.done({ do: 'halt', task: T }).changed).toBe(false)
    driven.done({ do: 'resume', task: T })
    expect(driven.refusal({ do: 'complete', task: T }).message).toContain('not done: 1 "a"')
    driven.done({ do: 'move', task: T, subtask: '1', state: 'done' })
    expect(driven.done({ do: 'complete', task: T }).entry.task.status).toBe('COMPLETED')
    driven.done({ do: 'resume', task: T })
    expect(driven.task.status).toBe('ACTIVE')
  })

  test('[TASK-6] made with a write id that was carried out, it is the one made then; so is a subtask', () => {
    const driven = withTask()
    const write = id()
    const other = driven.done({ do: 'create', writeId: write, title: 'Other' })
    expect(driven.done({ do: 'create', writeId: write, title: 'Other' })).toMatchObject({
      changed: false,
      entry: other.entry,
    })
    const add: Short = { do: 'add', writeId: id(), task: T, title: 'a' }
    expect([driven.done(add), driven.done(add)].map(({ subtask, changed }) => [subtask, changed])).toEqual([
      ['1', true],
      ['1', false],
    ])
    expect(driven.done({ ...add, writeId: writeId.parse('__proto__') }).subtask).toBe('2')
  })

  test('[TASK-7] who names none hears which there are', () => {
    const driven = withTask('API')
    expect(driven.refusal({ do: 'halt', task: 'T-9' })).toMatchObject({
      code: 'E_NOT_FOUND',
      message: 'There is no task T-9. There are: T-1 "Checkout".',
    })
    expect(driven.refusal({ do: 'claim', task: T, subtask: '7' }).message).toContain('It has: 1 "API".')
    expect(new Driven().refusal({ do: 'halt', task: 'T-9' }).message).toBe('There is no task T-9. There is none yet.')
  })

  test('[TASK-5] an agent moves what is its own or nobody’s; a person anything; whoever reviews, what is in review', () => {
    const driven = withTask('a')
    driven.done({ do: 'claim', task: T, subtask: '1' }, A)
    expect(driven.refusal({ do: 'move', task: T, subtask: '1', state: 'done' }, B).code).toBe('E_TASK')
    driven.done({ do: 'move', task: T, subtask: '1', state: 'review' }, A)
    driven.done({ do: 'move', task: T, subtask: '1', state: 'running' }, B)
    expect(driven.subtask('1')).toMatchObject({ assignee: A, state: 'running' })
    driven.done({ do: 'move', task: T, subtask: '1', state: 'done' }, HUMAN)
    expect(driven.subtask('1')).toMatchObject({ assignee: A, state: 'done', progress: 100, by: HUMAN })
    driven.done({ do: 'move', task: T, subtask: '1', state: 'waiting' }, 'PERSON-anna')
    driven.done({ do: 'move', task: T, subtask: '1', state: 'running' }, 'PERSON-anna')
    expect(driven.subtask('1')).toMatchObject({ assignee: A, state: 'running', by: 'PERSON-anna' })
  })
})

test('[TASK-1, TASK-2, TASK-3] whatever is asked, the board keeps its rules', () => {
  const who = fc.constantFrom(A, B, 'CODEX-c', HUMAN)
  const one = fc.constantFrom('1', '2', '3', '4')
  const on = fc.uniqueArray(one, { maxLength: 3 })
  const command = fc.oneof(
    fc.record({ do: fc.constant('claim'), task: fc.constant(T), subtask: fc.option(one) }),
    fc.record({
      do: fc.constant('move'),
      task: fc.constant(T),
      subtask: one,
      state: fc.constantFrom(...subtaskState.options),
    }),
    fc.record({ do: fc.constant('depend'), task: fc.constant(T), subtask: one, depends_on: on }),
    fc.record({
      do: fc.constant('assign'),
      task: fc.constant(T),
      subtask: one,
      assignee: fc.constantFrom(null, A, B, 'CODEX'),
    }),
    fc.record({
      do: fc.constant('progress'),
      task: fc.constant(T),
      subtask: one,
      progress: fc.integer({ min: 0, max: 100 }),
    }),
    fc.record({ do: fc.constantFrom('halt', 'resume', 'complete'), task: fc.constant(T) }),
  ) as fc.Arbitrary<Short>
  fc.assert(
    fc.property(fc.array(fc.tuple(command, who), { maxLength: 40 }), (steps) => {
      const driven = withTask('a', 'b', 'c')
      for (const [ask, by] of steps) {
        const before = driven.task
        const decision = driven.ask(ask, by)
        const after = driven.task
        if (decision.kind === 'refused' || !decision.changed) expect(after).toBe(before)
        if (before.status !== 'ACTIVE' && after !== before) expect(after.subtasks).toEqual(before.subtasks)
        expect(after.progress).toBe(Math.floor(after.subtasks.reduce((sum, { progress }) => sum + progress, 0) / 3))
        for (const subtask of after.subtasks) {
          const was = before.subtasks.find((known) => known.id === subtask.id)!
          expect(subtask.progress === 100 || subtask.state !== 'done').toBe(true)
          const begins = was.state === 'waiting' && subtask.state === 'running'
          if (begins) for (const need of subtask.depends_on) expect(driven.subtask(need).state).toBe('done')
          // What runs changes hands only by being assigned anew.
          if (was.state === 'running' && subtask.state === 'running') expect(subtask.assignee).toBe(was.assignee)
        }
        const order = new Set<string>()
        for (let round = 0; round < 3; round++)
          for (const { id: own, depends_on } of after.subtasks)
            if (depends_on.every((need) => order.has(need))) order.add(own)
        expect(order.size).toBe(3)
      }
    }),
    { numRuns: 300 },
  )
})
