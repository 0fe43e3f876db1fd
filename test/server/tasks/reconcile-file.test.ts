/** Board and file against a model: each side is changed at random, and both changes have to be on both sides afterwards. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { author as authorSchema, taskId } from '../../../protocol/ids.js'
import { readTask, taskPlace, wordsOf } from '../../../protocol/task-markdown.js'
import type { Task, TaskStatus } from '../../../protocol/tasks.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { reconcileFile, unread, type Agreed } from '../../../server/tasks/reconcile-file.js'
import { commandOf, type Short } from './commands.js'
import { decide, type Entry } from '../../../server/tasks/task-board.js'

const TYPES = ['CLAUDE', 'CODEX', 'GEMINI']
const PERSON = authorSchema.parse('DISK')
const T = taskId.parse('T-1')

/** One file and one board, as the server holds them. */
class Pair {
  text: string
  entry: Entry
  agreed: Agreed | null = null
  folder: TaskStatus | null = null
  writes: string[] = []

  constructor(text: string) {
    this.text = text
    this.entry = unread(T, 'task', PERSON, 1)
    this.settle()
  }

  get task(): Task {
    return this.entry.task
  }

  step(): boolean {
    const reading = readTask(this.text, taskPlace('task.md')!, TYPES)
    if (reading.kind !== 'task') throw new Error(JSON.stringify(reading))
    const done = reconcileFile(
      this.entry,
      this.agreed,
      { text: this.text, file: reading.file, folder: this.folder, author: PERSON },
      2,
    )
    this.entry = done.entry
    this.agreed = done.agreed
    if (done.write === null) return false
    this.text = applyEdits(this.text, done.write.edits)
    this.writes.push(done.write.author)
    return true
  }

  settle(): void {
    for (let steps = 0; this.step(); steps++) if (steps > 300) throw new Error(`no end:\n${this.text}`)
  }

  ask(command: Short, by: string): boolean {
    const decision = decide(new Map([[T, this.entry]]), commandOf(command), authorSchema.parse(by), 3, () => T)
    if (decision.kind === 'done') this.entry = decision.entry
    return decision.kind === 'done'
  }

  /** The lines of the list as the board would write them. */
  expectInStep(): void {
    const reading = readTask(this.text, taskPlace('task.md')!, TYPES)
    if (reading.kind !== 'task') throw new Error(JSON.stringify(reading))
    const { items, title, status } = reading.file
    const { subtasks } = this.task
    expect(items).toEqual(
      subtasks.map((one) => ({ title: one.title, assignee: one.assignee, done: one.state === 'done' })),
    )
    expect({ title, status: status ?? 'ACTIVE' }).toEqual({ title: this.task.title, status: this.task.status })
  }
}

const TEXT = `---
task_id: T-1
status: ACTIVE
---
# Checkout
Prose.
## [ASSIGNMENT]
- [ ] CLAUDE-a: API
- [x] UI
- [ ] Docs
## [NOTES]
More prose.
`

describe('a file and its task', () => {
  test('[TASK-9] what people do in the file is done on the board', () => {
    const pair = new Pair(TEXT)
    expect(pair.task.subtasks.map(({ id, title, assignee, state }) => [id, title, assignee, state])).toEqual([
      ['1', 'API', 'CLAUDE-a', 'waiting'],
      ['2', 'UI', null, 'done'],
      ['3', 'Docs', null, 'waiting'],
    ])
    const edits: readonly (readonly [string, string])[] = [
      ['- [ ] CLAUDE-a: API', '- [x] CLAUDE-a: API endpoints'],
      ['- [x] UI', '- [ ] CODEX-b: UI'],
      ['- [ ] Docs\n', '- [ ] Tests\n'],
      ['# Checkout', '# Checkout and pay'],
      ['ACTIVE', 'HALTED'],
    ]
    for (const [from, to] of edits) pair.text = pair.text.replace(from, to)
    const text = pair.text
    pair.settle()
    expect(pair.text).toBe(text)
    expect(pair.task).toMatchObject({
      title: 'Checkout and pay',
      status: 'HALTED',
      progress: 33,
      agents: ['CLAUDE-a', 'CODEX-b'],
    })
    expect(pair.task.subtasks.map(({ id, title, assignee, state }) => [id, title, assignee, state])).toEqual([
      ['1', 'API endpoints', 'CLAUDE-a', 'done'],
      ['2', 'UI', 'CODEX-b', 'waiting'],
      ['3', 'Tests', null, 'waiting'],
    ])
    pair.text = pair.text.replace('- [ ] CODEX-b: UI\n', '')
    pair.settle()
    expect(pair.task.subtasks.map(({ id }) => id)).toEqual(['1', '3'])
  })

  test('[TASK-10] what the board does is written by whoever did it, one after the other', () => {
    const pair = new Pair(TEXT)
    pair.ask({ do: 'claim', task: T, subtask: '3' }, 'CODEX-b')
    pair.ask({ do: 'move', task: T, subtask: '1', state: 'done' }, 'CLAUDE-a')
    pair.ask({ do: 'add', writeId: 'w', task: T, title: 'Tests', assignee: 'GEMINI' }, 'CODEX-b')
    pair.settle()
    expect(pair.writes).toEqual(['CLAUDE-a', 'CODEX-b'])
    expect(pair.text).toBe(
      TEXT.replace('[ ] CLAUDE-a: API', '[x] CLAUDE-a: API').replace(
        '- [ ] Docs\n',
        '- [ ] CODEX-b: Docs\n- [ ] GEMINI: Tests\n',
      ),
    )
  })

  test('[TASK-11] both sides at once: different things hold, and of the same thing what the file says', () => {
    const pair = new Pair(TEXT)
    pair.ask({ do: 'claim', task: T, subtask: '3' }, 'CODEX-b')
    pair.ask({ do: 'move', task: T, subtask: '1', state: 'done' }, 'CLAUDE-a')
    pair.ask({ do: 'halt', task: T }, 'CLAUDE-a')
    pair.text = pair.text.replace('Docs', 'Manual').replace('API', 'API v2').replace('ACTIVE', 'COMPLETED')
    pair.settle()
    pair.expectInStep()
    expect(pair.text).toContain('- [x] CLAUDE-a: API v2\n- [x] UI\n- [ ] CODEX-b: Manual\n')
    expect(pair.task.status).toBe('COMPLETED')
  })

  test('what depended on a line that is gone depends on it no more', () => {
    const pair = new Pair(TEXT)
    pair.ask({ do: 'depend', task: T, subtask: '3', depends_on: ['1', '2'] }, 'CLAUDE-a')
    pair.text = pair.text.replace('- [ ] CLAUDE-a: API\n', '')
    pair.settle()
    expect(pair.task.subtasks.map(({ id, depends_on }) => [id, depends_on])).toEqual([
      ['2', []],
      ['3', ['2']],
    ])
  })

  test('a folder that changed stands for a status; a key that changed comes before it', () => {
    const pair = new Pair(TEXT)
    pair.folder = 'ACTIVE'
    pair.settle()
    pair.folder = 'HALTED'
    pair.settle()
    expect(pair.task.status).toBe('HALTED')
    expect(pair.text).toContain('status: HALTED')
    pair.text = pair.text.replace('HALTED', 'COMPLETED')
    pair.settle()
    expect(pair.task.status).toBe('COMPLETED')
  })
})

type Act =
  | { readonly side: 'board'; readonly command: Short; readonly by: string }
  | { readonly side: 'file'; readonly edit: (text: string) => string }

const one = fc.constantFrom('1', '2', '3', '4', '5')
let named = 0
const fresh = (): string => `step ${++named}`
const boardAct = fc
  .record({
    command: fc.oneof(
      fc.record({ do: fc.constant('claim'), task: fc.constant(T), subtask: one }),
      fc.record({
        do: fc.constant('move'),
        task: fc.constant(T),
        subtask: one,
        state: fc.constantFrom('waiting', 'running', 'review', 'done'),
      }),
      fc.record({
        do: fc.constant('assign'),
        task: fc.constant(T),
        subtask: one,
        assignee: fc.constantFrom(null, 'CLAUDE-a', 'CODEX'),
      }),
      fc.record({
        do: fc.constant('add'),
        task: fc.constant(T),
        title: fc.constant('').map(fresh),
        writeId: fc.uuid(),
      }),
      fc.record({ do: fc.constantFrom('halt', 'resume'), task: fc.constant(T) }),
    ),
    by: fc.constantFrom('CLAUDE-a', 'CODEX-b', 'PEER'),
  })
  .map((act): Act => ({ side: 'board', ...act }))

const lines = /^- \[[ x]\] .*$/gm
const fileAct = fc
  .tuple(fc.constantFrom('tick', 'untick', 'reword', 'remove', 'insert', 'halt', 'prose'), fc.nat(9))
  .map(([kind, at]): Act => {
    const nth = (text: string, change: (line: string) => string): string => {
      const found = text.match(lines) ?? []
      if (found.length === 0) return text
      let index = -1
      return text.replace(lines, (line) => (++index === at % found.length ? change(line) : line))
    }
    const edit = (text: string): string => {
      switch (kind) {
        case 'tick':
          return nth(text, (line) => line.replace('[ ]', '[x]'))
        case 'untick':
          return nth(text, (line) => line.replace('[x]', '[ ]'))
        case 'reword':
          return nth(text, (line) => `${line.slice(0, 6)}${fresh()}`)
        case 'remove':
          return nth(text, () => '')
        case 'insert':
          return nth(text, (line) => `${line}\n- [ ] ${fresh()}`)
        case 'halt':
          return text.replace(/^status: .*/m, at % 2 === 0 ? 'status: HALTED' : 'status: ACTIVE')
        default:
          return `${text}${fresh()}\n`
      }
    }
    return { side: 'file', edit }
  })

test('[TASK-12] whatever both sides do at once, they come in step, and nothing is written then', () => {
  const rounds = fc.array(fc.array(fc.oneof(boardAct, fileAct), { maxLength: 5 }), { maxLength: 8 })
  fc.assert(
    fc.property(rounds, (all) => {
      const pair = new Pair(TEXT)
      for (const acts of all) {
        for (const act of acts) {
          if (act.side === 'board') pair.ask(act.command, act.by)
          else pair.text = act.edit(pair.text)
        }
        pair.settle()
        pair.expectInStep()
        const { text, task } = pair
        pair.writes = []
        pair.settle()
        expect(pair.writes).toEqual([])
        expect([pair.text, pair.task]).toEqual([text, task])
        const ids = task.subtasks.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
      }
    }),
    { numRuns: 300 },
  )
})

test('[TASK-11] ticks of either side, on whatever lines and in whatever order of steps, are all there', () => {
  const many = Array.from({ length: 6 }, (_, index) => `- [ ] part ${index + 1}\n`).join('')
  const text = `---\ntask_id: T-1\n---\n# Many\n## [ASSIGNMENT]\n${many}`
  const ticks = fc.array(fc.record({ at: fc.integer({ min: 1, max: 6 }), byFile: fc.boolean(), step: fc.boolean() }), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(ticks, (all) => {
      const pair = new Pair(text)
      for (const { at, byFile, step } of all) {
        if (byFile) pair.text = pair.text.replace(`- [ ] part ${at}`, `- [x] part ${at}`)
        else pair.ask({ do: 'move', task: T, subtask: String(at), state: 'done' }, 'PEER')
        if (step) pair.step()
      }
      pair.settle()
      pair.expectInStep()
      const ticked = new Set(all.map(({ at }) => String(at)))
      for (const { id, state, ...item } of pair.task.subtasks) {
        expect([id, wordsOf(item), state]).toEqual([id, `part ${id}`, ticked.has(id) ? 'done' : 'waiting'])
      }
    }),
    { numRuns: 300 },
  )
})

describe('the list of agents in the front matter', () => {
  const withList = (list: string): string =>
    `---\ntask_id: T-1\nagents: ${list}\n---\n\n## [ASSIGNMENT]\n- [ ] API\n- [ ] UI\n`
  const assigned = (list: string): string => {
    const pair = new Pair(withList(list))
    pair.ask({ do: 'assign', task: T, subtask: '1', assignee: 'CODEX-b' }, 'CLAUDE-a')
    pair.ask({ do: 'assign', task: T, subtask: '2', assignee: 'CLAUDE-a' }, 'CLAUDE-a')
    pair.settle()
    return /^agents: (.*)$/m.exec(pair.text)?.[1] ?? ''
  }

  test.each([
    ['[]', '[CODEX-b, CLAUDE-a]'],
    ['[GEMINI]', '[GEMINI, CODEX-b, CLAUDE-a]'],
    ['[GEMINI, CLAUDE, CODEX]', '[GEMINI, CLAUDE, CODEX]'],
    ['[ CLAUDE-a ] # who', '[ CLAUDE-a , CODEX-b] # who'],
    ['[GEMINI,]', '[GEMINI,]'],
    ['GEMINI', 'GEMINI'],
  ])('[TASK-10] %s becomes %s', (before, after) => {
    expect(assigned(before)).toBe(after)
  })
})
