import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agentId, agentType, taskId } from '../../protocol/ids.js'
import {
  appendEdit,
  isWritable,
  itemEdits,
  newTaskFile,
  readTask,
  statusEdit,
  taskPlace,
  type TaskFile,
  type TaskItem,
  type TaskReading,
} from '../../protocol/task-markdown.js'
import { taskStatus, type Assignee } from '../../protocol/tasks.js'
import { applyEdits, type Edit } from '../../protocol/text/edits.js'

const TYPES = ['CLAUDE', 'CODEX', 'GEMINI']
const ROOT = taskPlace('task.md')!
const read = (text: string, place = ROOT): TaskReading => readTask(text, place, TYPES)

function fileOf(text: string): TaskFile {
  const reading = read(text)
  if (reading.kind !== 'task') throw new Error(`${JSON.stringify(text)} reads as ${JSON.stringify(reading)}`)
  return reading.file
}

const LEGACY = `---
task_id: TASK-ACTIVE-20260205-001-some-slug
status: ACTIVE
pattern: PAR
mode: GCC
agents: [GEMINI, CLAUDE, CODEX]
owner: GEMINI
next_expected: CLAUDE
created_at: 2026-02-05 10:00:00
updated_at: 2026-02-05 10:30:00
---

# Title

## [GOAL]
- [ ] not a subtask
## [CONTEXT]
## [ASSIGNMENT]
- [ ] CLAUDE-frontend: UI Components
  - [ ] a step of it
- [x] CLAUDE-backend: API Endpoints
<!--
- [ ] CLAUDE-old: commented out
-->
\`\`\`
- [ ] an example
\`\`\`
* [X] CODEX: anyone of a type
- [ ] FIX-12: no agent's name
## [REFERENCES]
- [ ] neither
## [AUTO_LOGS]
| Time (KST) | Actor | Action | Files | Hash |
## [STEP LOGS]
`
const ITEMS = [
  { assignee: 'CLAUDE-frontend', title: 'UI Components', done: false },
  { assignee: 'CLAUDE-backend', title: 'API Endpoints', done: true },
  { assignee: 'CODEX', title: 'anyone of a type', done: true },
  { assignee: null, title: "FIX-12: no agent's name", done: false },
]

describe('a task file is read', () => {
  test.each(['\n', '\r\n'])(
    'as the older protocol writes it, with line ends %j, with and without a byte-order mark',
    (eol) => {
      for (const mark of ['', '\uFEFF']) {
        expect(fileOf(mark + LEGACY.replaceAll('\n', eol))).toMatchObject({
          id: 'TASK-ACTIVE-20260205-001-some-slug',
          title: 'Title',
          status: 'ACTIVE',
          mode: 'GCC-RT',
          agents: ['GEMINI', 'CLAUDE', 'CODEX'],
          items: ITEMS,
        })
      }
    },
  )

  test('with the modes of both protocols', () => {
    const mode = (front: string): string => fileOf(`---\ntask_id: t\n${front}\n---\n`).mode
    expect(['pattern: PAR', 'mode: PAR-MULTI', 'mode: GCC-RT', 'mode: SOLO', 'owner: x'].map(mode)).toEqual([
      ...['PAR-MULTI', 'PAR-MULTI', 'GCC-RT', 'SOLO', 'SOLO'],
    ])
  })

  test('only where one may stand', () => {
    expect(taskPlace('.notes/HALTED/TASK-1.md')).toEqual({ folder: 'HALTED', name: 'TASK-1' })
    for (const path of [
      'src/task.md',
      '.notes/ACTIVE/note.md',
      '.notes/OTHER/TASK-1.md',
      '.notes/ACTIVE/x/TASK-1.md',
      'TASK-1.md',
    ]) {
      expect(taskPlace(path)).toBeUndefined()
    }
  })

  test('or is none, or is off the board', () => {
    expect(read('# Task\n- [ ] milk\n')).toEqual({ kind: 'foreign' })
    expect(read('---\ntitle: a page\n---\n')).toEqual({ kind: 'foreign' })
    expect(read(LEGACY.replace('status: ACTIVE', 'status: DUMPED')).kind).toBe('aside')
    expect(read(LEGACY, taskPlace('.notes/INBOX/TASK-1.md')).kind).toBe('aside')
  })

  test('by its name in .notes, where its front matter has no id', () => {
    const reading = read('---\nstatus: HALTED\n---\n', taskPlace('.notes/HALTED/TASK-9-x.md'))
    expect(reading).toMatchObject({ kind: 'task', file: { id: 'TASK-9-x', status: 'HALTED' } })
  })

  test.each([
    ['---\ntask_id: t\n# never closed', 'has no end'],
    ['---\ntask_id: t\nstatus: {\n---\n', 'not valid YAML, line '],
    ['---\ntask_id: t\ntask_id: u\n---\n', 'not valid YAML'],
    ['---\nstatus: ACTIVE\n---\n', 'no task_id'],
    ['---\ntask_id: a b\n---\n', 'task_id is "a b"'],
    ['---\ntask_id: t\nstatus: DONE\n---\n', 'status is "DONE", and may be ACTIVE, HALTED, COMPLETED'],
    ['---\ntask_id: t\nstatus:\n---\n', 'status is null'],
    [`---\ntask_id: t\n---\n## [ASSIGNMENT]\n- [ ] ${'x'.repeat(600)}\n`, 'line 5 is too long'],
    [`---\ntask_id: t\n---\n## [ASSIGNMENT]\n${'- [ ] x\n'.repeat(201)}`, '201 subtasks, the limit is 200'],
    [`---\ntask_id: t\n---\n${'x'.repeat(2 ** 20)}`, 'longer than'],
  ])('not at all, and it is said why: %j', (text, message) => {
    expect(read(text)).toEqual({ kind: 'fault', message: expect.stringContaining(message) as string })
  })
})

const word = fc.constantFrom(
  'UI',
  'API',
  'the [x] box',
  'née 🎉',
  'a: b',
  '#1',
  '`code`',
  '<!-- x',
  '---',
  '  two',
  'FIX-1',
)
const title = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ').trim())
const assignee = fc.constantFrom<Assignee | null>(
  null,
  agentId.parse('CLAUDE-frontend'),
  agentId.parse('CODEX-b.2'),
  agentType.parse('GEMINI'),
)
const item = fc.record({ title, assignee, done: fc.boolean() }).filter((one) => isWritable(one, TYPES))

/** What people put around what is ours; none of it is a subtask, or ends the front matter. */
const prose = fc.constantFrom(
  ...[
    '',
    'Some words.',
    '<!-- a comment -->',
    '| a | b |',
    '    indented',
    '> quote',
    '  - [ ] nested',
    '1. one',
    '\ttab',
  ],
  ...[
    '```\n- [ ] in a fence\n## [ASSIGNMENT]\n```',
    '<!--\n- [ ] hidden\n-->',
    '### deeper',
    '- plain',
    '- [?] other',
    'Ünïcödé 🎉',
  ],
)
const proses = fc.array(prose, { maxLength: 3 })
const key = fc.constantFrom(
  'owner: GEMINI',
  '# a comment',
  'tags: [a, "b c"]',
  'note: "x: y"  # why',
  'nested:\n  a: 1',
  '',
)
const statusLine = fc.constantFrom('status: ACTIVE', "status: 'ACTIVE' # now", 'status:   "ACTIVE"', '')

const written = fc.record({
  ...{
    keys: fc.array(key, { maxLength: 3 }),
    status: statusLine,
    head: proses,
    between: fc.array(proses, { maxLength: 4 }),
  },
  ...{ items: fc.array(item, { maxLength: 4 }), tail: proses, hasSection: fc.boolean(), ends: fc.boolean() },
  ...{ eol: fc.constantFrom('\n', '\r\n'), mark: fc.constantFrom('', '\uFEFF') },
})

const line = ({ assignee: who, title: what, done }: TaskItem): string =>
  `- [${done ? 'x' : ' '}] ${who === null ? '' : `${who}: `}${what}`

/** The same keys twice would be no YAML. */
const unique = (keys: readonly string[]): string[] => [...new Set(keys)]

const document = written.map((parts) => {
  const front = ['---', 'task_id: T-1', ...unique(parts.keys), parts.status, '---'].filter(
    (one, i, all) => one !== '' || i < all.length,
  )
  const items = parts.hasSection ? parts.items : []
  const list = items.flatMap((one, index) => [
    line(one),
    ...(parts.between[index] ?? []).map((text) => text.replace(/^### .*/, '')),
  ])
  const section = parts.hasSection ? ['## [ASSIGNMENT]', ...list, '## [NEXT]'] : []
  const lines = [...front, ...parts.head, '# Title', ...section, ...parts.tail]
  const text = parts.mark + lines.join('\n').replaceAll('\n', parts.eol) + (parts.ends ? parts.eol : '')
  return { text, items, eol: parts.eol }
})

/** What is left when the edits' own text is taken away on both sides. */
function others(text: string, edits: readonly Edit[]): { readonly kept: string; readonly after: string } {
  let kept = ''
  let at = 0
  let after = ''
  const result = applyEdits(text, edits)
  let resultAt = 0
  for (const edit of edits) {
    const piece = text.slice(at, edit.at)
    kept += piece
    after += result.slice(resultAt, resultAt + piece.length)
    at = edit.at + edit.removed.length
    resultAt += piece.length + edit.added.length
  }
  return { kept: kept + text.slice(at), after: after + result.slice(resultAt) }
}

describe('[TASK-10] a task file is edited', () => {
  test('so that any change reads back as meant, and everything else is as it was, byte for byte', () => {
    const change = fc.record({ to: fc.array(item, { maxLength: 8 }), status: fc.constantFrom(...taskStatus.options) })
    fc.assert(
      fc.property(document, change, ({ text, items }, { to, status }) => {
        const file = fileOf(text)
        expect(file.items).toEqual(items)
        const edits: Edit[] = []
        if (file.status !== status) edits.push(statusEdit(text, file, status))
        const kept = items.map((one, index) => to[index] ?? one)
        for (const [index, wanted] of kept.entries()) edits.push(...itemEdits(text, file, index, wanted))
        const added = to.slice(items.length)
        if (added.length > 0) edits.push(appendEdit(text, file, added))
        const result = applyEdits(
          text,
          edits.sort((a, b) => a.at - b.at),
        )
        const after = fileOf(result)
        expect(after.items).toEqual([...kept, ...added])
        expect(after.status).toBe(status)
        expect(after.title).toBe(file.title)
        const bytes = others(text, edits)
        expect(bytes.after).toBe(bytes.kept)
        // No edit takes away more than a box, a status word or the words of one line.
        for (const { removed } of edits) expect(removed).not.toMatch(/[\r\n]/)
      }),
      { numRuns: 500 },
    )
  })

  test('and is untouched where nothing is to change', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        const file = fileOf(text)
        expect(file.items.flatMap((one, index) => itemEdits(text, file, index, one))).toEqual([])
      }),
    )
  })

  test('with the line ends that it has, and a section of its own where it has none', () => {
    const text = '---\r\ntask_id: T-1\r\n---\r\nWords without an end'
    const added = [{ title: 'API', assignee: agentId.parse('CODEX-b'), done: false }]
    expect(applyEdits(text, [appendEdit(text, fileOf(text), added)])).toBe(
      `${text}\r\n\r\n## [ASSIGNMENT]\r\n- [ ] CODEX-b: API\r\n`,
    )
    const status = statusEdit(text, fileOf(text), 'HALTED')
    expect(applyEdits(text, [status])).toBe(text.replace('T-1\r\n', 'T-1\r\nstatus: HALTED\r\n'))
  })

  test('a title that would be read as somebody’s name is none', () => {
    expect(isWritable({ title: 'CLAUDE-x: y', assignee: null }, TYPES)).toBe(false)
    expect(isWritable({ title: 'CLAUDE-x: y', assignee: agentId.parse('CODEX-a') }, TYPES)).toBe(true)
    expect(isWritable({ title: 'HTTP-2: y', assignee: null }, TYPES)).toBe(true)
  })
})

test('a new file reads back as the task that it was made for', () => {
  fc.assert(
    fc.property(title, fc.array(item, { maxLength: 5 }), fc.array(assignee, { maxLength: 3 }), (name, items, who) => {
      const agents = [...new Set(who.filter((one) => one !== null))]
      const id = taskId.parse('TASK-ACTIVE-20260205-001')
      const text = newTaskFile({ id, title: name, mode: 'PAR-MULTI', agents, items, created: 1_770_253_200_000 })
      expect(fileOf(text)).toMatchObject({ id, title: name, status: 'ACTIVE', mode: 'PAR-MULTI', agents, items })
    }),
  )
})
