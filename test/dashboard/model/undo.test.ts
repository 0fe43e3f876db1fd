import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { undoOf, withoutLine } from '../../../dashboard/model/undo.js'
import type { TaskWish } from '../../../dashboard/link.js'
import { author, taskId, writeId, type Author } from '../../../protocol/ids.js'
import { taskCommand, type Task, type TaskReply } from '../../../protocol/tasks.js'
import { decide, type Board, type Entry } from '../../../server/tasks/task-board.js'

const T = taskId.parse('TASK-1')
const ANNA: Author = author.parse('PERSON-anna')
const CLAUDE: Author = author.parse('CLAUDE-one')

/** A board as the server has it. */
class RealBoard {
  #entries: Board = new Map()
  #asked = 0

  /** Null: refused. */
  ask(wish: object, by: Author = ANNA): TaskReply | null {
    const command = taskCommand.parse({ ...wish, writeId: writeId.parse(`w${(this.#asked += 1)}`) })
    const decision = decide(this.#entries, command, by, this.#asked, () => T)
    if (decision.kind === 'refused') return null
    const { entry, subtask, changed } = decision
    this.#entries = new Map<Task['id'], Entry>([...this.#entries, [T, entry]])
    return { task: entry.task, subtask, changed }
  }

  get task(): Task | undefined {
    return this.#entries.get(T)?.task
  }
}

function made(...titles: string[]): RealBoard {
  const board = new RealBoard()
  board.ask({ create: { title: 'Shop', subtasks: titles.map((title) => ({ title })) } })
  return board
}

const change = (what: object): TaskWish => ({ task: T, change: what }) as TaskWish

/** All that people see of a task, but when and by whom. */
function seen(task: Task | undefined): unknown {
  return { status: task?.status, subtasks: task?.subtasks.map(({ by: _, updated_at: __, ...rest }) => rest) }
}

const subtask = fc.constantFrom('1', '2', '3')
const anyChange = fc.oneof(
  fc.record({ do: fc.constant('assign'), subtask, assignee: fc.constantFrom(null, 'CLAUDE-one', 'CODEX') }),
  fc.record({ do: fc.constant('move'), subtask, state: fc.constantFrom('waiting', 'running', 'review', 'done') }),
  fc.record({ do: fc.constant('progress'), subtask, progress: fc.constantFrom(0, 40, 99, 100) }),
  fc.record({ do: fc.constant('depend'), subtask, depends_on: fc.subarray(['1', '2', '3']) }),
  fc.record({ do: fc.constantFrom('halt', 'resume', 'complete') }),
)

test('whatever a person changes, undoing it brings the board back to what it was', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 12 }), anyChange, (earlier, last) => {
      const board = made('One', 'Two', 'Three')
      for (const what of earlier) board.ask(change(what))
      const before = board.task
      const wish = change(last)
      const reply = board.ask(wish)
      const undoing = reply === null ? null : undoOf(before, wish, reply)
      if (undoing === null) return
      expect(undoing.builtOn(board.task)).toBeNull()
      if (undoing.back.kind !== 'change') throw new Error('not a change')
      for (const back of undoing.back.changes)
        expect(board.ask({ task: T, change: back }), JSON.stringify(back)).not.toBeNull()
      expect(seen(board.task)).toEqual(seen(before))
    }),
    { numRuns: 2_000 },
  )
})

describe('who has built on it', () => {
  test.each([
    ['assign', { do: 'assign', subtask: '1', assignee: 'CLAUDE-one' }, { do: 'claim', subtask: '1' }],
    ['halt', { do: 'halt' }, { do: 'resume' }],
    ['add', { do: 'add', title: 'New' }, { do: 'claim', subtask: '2' }],
    ['add, by what depends on it', { do: 'add', title: 'New' }, { do: 'depend', subtask: '1', depends_on: ['2'] }],
  ])('is said of %s; what others do elsewhere is nothing to it', (_, what, then) => {
    const board = made('One')
    const wish = change(what)
    const before = board.task
    const undoing = undoOf(before, wish, board.ask(wish)!)
    if (what.do !== 'halt') board.ask(change({ do: 'add', title: 'Elsewhere' }), CLAUDE)
    expect(undoing?.builtOn(board.task)).toBeNull()
    board.ask(change(then), CLAUDE)
    expect(undoing?.builtOn(board.task)).toBe(CLAUDE)
    expect(undoing?.builtOn(undefined)).toBe('gone')
  })

  test('of a new task: whoever changed any of it', () => {
    const board = new RealBoard()
    const create = {
      create: { title: 'Shop', mode: 'SOLO', agents: [], subtasks: [{ title: 'One', assignee: null }] },
    } as const
    const undoing = undoOf(undefined, create as unknown as TaskWish, board.ask(create)!)
    expect([undoing?.words, undoing?.back.kind, undoing?.builtOn(board.task)]).toEqual(['Made Shop', 'dump', null])
    board.ask(change({ do: 'claim' }), CLAUDE)
    expect(undoing?.builtOn(board.task)).toBe(CLAUDE)
  })
})

test('what a done subtask no longer waits for, though that is open, is nothing to take back', () => {
  const board = made('One', 'Two')
  for (const state of ['review', 'done']) {
    board.ask(change({ do: 'move', subtask: '1', state }))
    if (state === 'review') board.ask(change({ do: 'depend', subtask: '1', depends_on: ['2'] }))
  }
  const before = board.task
  const wish = change({ do: 'depend', subtask: '1', depends_on: [] })
  const reply = board.ask(wish)!
  expect(reply.changed).toBe(true)
  expect(undoOf(before, wish, reply)).toBeNull()
})

test('what changed nothing is nothing to take back', () => {
  const board = made('One')
  const wish = change({ do: 'resume' })
  expect(undoOf(board.task, wish, board.ask(wish)!)).toBeNull()
})

describe('the line of a subtask', () => {
  const text = '# Shop\r\n- [ ] CODEX: New\r\n- [x] New\r\n- [ ] New\r\n  below\r\n- [ ] New\r\n\r\nNew'
  test('goes by itself: the last that reads so, all else byte for byte', () => {
    expect(withoutLine(text, { title: 'New', assignee: null })).toBe(
      text.replace('  below\r\n- [ ] New\r\n', '  below\r\n'),
    )
    expect(withoutLine(text, { title: 'New', assignee: 'CODEX' as never })).toBe(
      text.replace('- [ ] CODEX: New\r\n', ''),
    )
  })
  test('is not there', () => {
    expect(withoutLine(text, { title: 'Ne', assignee: null })).toBeNull()
  })
})
