import { describe, expect, test } from 'vitest'
import { TASKS_ROOT } from '../../../protocol/document.js'
import { taskId, writeId } from '../../../protocol/ids.js'
import { newTaskId } from '../../../server/tasks/task-files.js'
import { diskFull } from '../../support/failing-storage.js'
import { at, by, remove, write, writing } from '../documents/harness.js'
import { openTasks, PERSON } from './harness.js'

const T = taskId.parse('T-1')
const TEXT = `---
task_id: T-1
status: ACTIVE
owner: GEMINI  # kept
---
# Checkout

## [ASSIGNMENT]
- [ ] API
- [ ] UI

## [NOTES]
Prose.
`
let asked = 0
const w = () => writeId.parse(`ask-${++asked}`)

describe('a task of the board', () => {
  test('[TASK-14, TASK-6] gets task.md, the next one a file in .notes; both are durable, told, and in the tree document', async () => {
    const opened = openTasks()
    const { ask, settled, tasks, files, told } = opened
    const { task } = await ask({
      do: 'create',
      writeId: w(),
      title: 'Checkout & pay',
      mode: 'PAR-MULTI',
      subtasks: [{ title: 'API', assignee: 'CODEX-b' }],
    })
    const second = await ask({ do: 'create', writeId: w(), title: 'Later' }, 'PEER')
    await settled()
    expect(task.id).toBe('TASK-ACTIVE-20231114-001-checkout-pay')
    expect(await opened.text('task.md')).toBe(
      `---\ntask_id: ${task.id}\nstatus: ACTIVE\nmode: PAR-MULTI\nagents: [CODEX-b]\ncreated_at: 2023-11-14T22:13:20.000Z\n---\n\n# Checkout & pay\n\n## [GOAL]\n\n## [ASSIGNMENT]\n- [ ] CODEX-b: API\n`,
    )
    expect(files.head(at('task.md'))?.author).toBe('CLAUDE-a')
    expect(files.head(at(`.notes/ACTIVE/${second.task.id}.md`))?.author).toBe('PEER')
    const { tasks: all, faults } = await tasks.list()
    expect(all.map(({ id, file }) => [id, file])).toEqual([
      [task.id, 'task.md'],
      [second.task.id, `.notes/ACTIVE/${second.task.id}.md`],
    ])
    expect(faults).toEqual([])
    expect(told.map(({ type, data }) => [type, 'change' in data && data.change])).toContainEqual([
      'task:updated',
      'created',
    ])
    const shown = files.tree.live.doc.getMap(TASKS_ROOT).toJSON()
    expect(shown).toEqual(Object.fromEntries(all.map((one) => [one.id, one])))
  })

  test('[TASK-10] its changes stand in the file, by whoever made them; all else is as it was', async () => {
    const opened = openTasks()
    const { ask, save, settled, text, files } = opened
    await save('task.md', TEXT)
    await settled()
    await ask({ do: 'claim', task: T, subtask: '2' }, 'CODEX-b')
    await settled()
    expect(files.head(at('task.md'))?.author).toBe('CODEX-b')
    await ask({ do: 'move', task: T, subtask: '2', state: 'done' }, 'CODEX-b')
    await ask({ do: 'add', writeId: w(), task: T, title: 'Docs', depends_on: ['1'] }, 'GEMINI-p')
    await ask({ do: 'halt', task: T }, 'PEER')
    await settled()
    expect(await text('task.md')).toBe(
      TEXT.replace('- [ ] UI\n', '- [x] CODEX-b: UI\n- [ ] Docs\n').replace('status: ACTIVE', 'status: HALTED'),
    )
    expect(await opened.only()).toMatchObject({ status: 'HALTED', progress: 33, file: 'task.md', agents: ['CODEX-b'] })
  })

  test('[TASK-6] a new task is told once, though its file is written for it; where that is, the board says', async () => {
    const { ask, settled, told, only } = openTasks()
    const create = async () => await ask({ do: 'create', writeId: 'w1', title: 'Shop', subtasks: [{ title: 'Cart' }] })
    const { event } = await create()
    await settled()
    const tasks = told.filter(({ type }) => type === 'task:updated')
    expect(tasks).toMatchObject([{ seq: event, data: { change: 'created' } }])
    expect(await only()).toMatchObject({ file: 'task.md' })
    expect(await create()).not.toHaveProperty('event')
  })

  test('[TASK-6, TASK-15] a halt is told once, though it moves the file; where that is, the board says', async () => {
    const { ask, save, settled, told, only } = openTasks()
    await save('.notes/ACTIVE/TASK-1-x.md', TEXT.replace(/task_id: .*/, 'task_id: TASK-1-x'))
    await settled()
    const before = told.length
    await ask({ do: 'halt', task: taskId.parse('TASK-1-x') })
    await settled()
    const tasks = told.slice(before).filter(({ type }) => type === 'task:updated')
    expect(tasks).toMatchObject([{ data: { change: 'halted', status: 'HALTED' } }])
    expect(await only()).toMatchObject({ file: '.notes/HALTED/TASK-1-x.md' })
  })

  test('[TASK-8] one run of the event loop is one transaction of the tree document', async () => {
    const { ask, save, settled, files } = openTasks()
    await save('task.md', TEXT)
    await settled()
    let updates = 0
    files.tree.live.doc.on('update', () => updates++)
    await Promise.all([
      ask({ do: 'progress', task: T, subtask: '1', progress: 10 }),
      ask({ do: 'progress', task: T, subtask: '1', progress: 20 }),
      ask({ do: 'progress', task: T, subtask: '2', progress: 30 }),
    ])
    await settled()
    expect(updates).toBe(1)
  })

  test('[TASK-1] of fifty agents that claim at once one gets it', async () => {
    const { ask, save, settled, text } = openTasks()
    await save('task.md', TEXT)
    await settled()
    const agents = Array.from({ length: 50 }, (_, index) => `CLAUDE-n${index}`)
    const results = await Promise.allSettled(agents.map((agent) => ask({ do: 'claim', task: T, subtask: '1' }, agent)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await settled()
    expect(await text('task.md')).toContain('- [ ] CLAUDE-n0: API\n')
  })

  test('is refused while storage fails, and nothing of it is told', async () => {
    const { ask, save, settled, storage, told, clock, tasks } = openTasks()
    await save('task.md', TEXT)
    await settled()
    const before = told.length
    storage.fail(diskFull())
    void save('other.md', 'x').catch(() => undefined)
    await clock.advance(10)
    await expect(ask({ do: 'halt', task: T })).rejects.toMatchObject({ code: 'E_STORAGE_FULL' })
    expect((await tasks.list()).tasks[0]?.status).toBe('ACTIVE')
    expect(told.length).toBe(before)
  })
})

describe('[TASK-11] at the same moment', () => {
  test('a person’s edit and an agent’s update both survive', async () => {
    const opened = openTasks()
    const { ask, save, settled, text, files } = opened
    const head = await save('task.md', TEXT)
    await settled()
    const update = ask({ do: 'move', task: T, subtask: '1', state: 'done' }, 'CLAUDE-a')
    // Written upon what was there before the update, and by someone who rewrites the whole file.
    const edited = TEXT.replace('- [ ] UI', '- [ ] The whole UI').replace('Prose.', 'More prose.')
    const saved = write(files, 'task.md', edited, head, PERSON)
    await Promise.all([update, saved])
    await settled()
    expect(await text('task.md')).toBe(edited.replace('[ ] API', '[x] CLAUDE-a: API'))
    expect((await opened.only()).subtasks.map(({ title, state }) => [title, state])).toEqual([
      ['API', 'done'],
      ['The whole UI', 'waiting'],
    ])
    expect(files.openConflicts).toEqual([])
  })

  test('two agents that tick different boxes of their own copies both count', async () => {
    const opened = openTasks()
    const { save, settled, text, files } = opened
    const head = await save('task.md', TEXT)
    await settled()
    await Promise.all([
      write(files, 'task.md', TEXT.replace('[ ] API', '[x] API'), head, by('CLAUDE-a')),
      write(files, 'task.md', TEXT.replace('[ ] UI', '[x] UI'), head, by('CODEX-b')),
    ])
    await settled()
    expect(await text('task.md')).toBe(TEXT.replace('[ ] API', '[x] API').replace('[ ] UI', '[x] UI'))
    expect((await opened.only()).progress).toBe(100)
    expect(files.openConflicts).toEqual([])
  })
})

describe('files of tasks', () => {
  test('[TASK-13] one that can’t be read is kept and told, and the board stays; repaired it counts again', async () => {
    const opened = openTasks()
    const { save, settled, tasks, text, told } = opened
    await save('task.md', TEXT)
    await settled()
    const before = await opened.only()
    const broken = TEXT.replace('status: ACTIVE', 'status: {').replace('[ ] API', '[x] API')
    await save('task.md', broken)
    await settled()
    expect(await text('task.md')).toBe(broken)
    expect(await opened.only()).toEqual(before)
    expect((await tasks.list()).faults).toEqual([
      { file: 'task.md', message: expect.stringContaining('not valid YAML, line ') as string },
    ])
    expect(told.at(-1)).toMatchObject({ type: 'task:malformed', data: { file: 'task.md' } })
    await save('task.md', broken.replace('status: {', 'status: HALTED'))
    await settled()
    expect(await opened.only()).toMatchObject({ status: 'HALTED', progress: 50 })
    expect((await tasks.list()).faults).toEqual([])
  })

  test('[TASK-13, TASK-14] a copy with the same id is told, and takes over when the first one goes', async () => {
    const opened = openTasks()
    const { save, settled, tasks, files, ask } = opened
    const head = await save('task.md', TEXT)
    await settled()
    const place = '.notes/ACTIVE/TASK-1.md'
    await save(place, TEXT)
    await settled()
    expect((await tasks.list()).faults).toEqual([{ file: place, message: 'task T-1 is in step with task.md already' }])
    await remove(files, 'task.md', head, PERSON)
    await settled()
    expect((await tasks.list()).faults).toEqual([])
    expect((await opened.only()).file).toBe(place)
    await ask({ do: 'move', task: T, subtask: '1', state: 'done' }, 'PEER')
    await settled()
    expect(await opened.text(place)).toContain('- [x] API')
  })

  test('[TASK-14] a task whose file goes stays, unless it is completed; what is dumped goes', async () => {
    const opened = openTasks()
    const { save, settled, files, tasks, replace, ask } = opened
    await save('task.md', TEXT)
    await settled()
    await ask({ do: 'claim', task: T, subtask: '1' }, 'CLAUDE-a')
    await settled()
    await remove(files, 'task.md', files.head(at('task.md'))!, PERSON)
    await settled()
    expect(await opened.only()).toMatchObject({ file: null, subtasks: [{ state: 'running' }, { state: 'waiting' }] })
    expect(files.head(at('task.md'))?.deleted).toBe(true)
    await save('task.md', TEXT)
    await settled()
    expect(await opened.only()).toMatchObject({ file: 'task.md', subtasks: [{ id: '1' }, { id: '2' }] })
    await replace('task.md', 'status: ACTIVE', 'status: DUMPED')
    await settled()
    expect((await tasks.list()).tasks).toEqual([])
    await replace('task.md', 'status: DUMPED', 'status: COMPLETED')
    await settled()
    await remove(files, 'task.md', files.head(at('task.md'))!, PERSON)
    await settled()
    expect((await tasks.list()).tasks).toEqual([])
    expect(files.tree.live.doc.getMap(TASKS_ROOT).size).toBe(0)
  })

  test('line ends and a byte-order mark stay; a file of other things is nobody’s task', async () => {
    const opened = openTasks()
    const { files, settled, ask, tasks } = opened
    const content = { kind: 'text', text: TEXT, bom: true, eol: 'crlf' } as const
    await write(files, 'task.md', content, null, PERSON)
    await write(files, '.notes/ACTIVE/TASK-7.md', '# Just words\n', null, PERSON)
    await settled()
    await ask({ do: 'claim', task: T, subtask: '1' }, 'CODEX-b')
    await settled()
    expect(files.head(at('task.md'))).toMatchObject({ bom: true, eol: 'crlf', author: 'CODEX-b' })
    expect((await tasks.list()).tasks).toHaveLength(1)
  })

  test('[TASK-12] nobody’s write answers itself: one change of the board is one revision', async () => {
    const { save, settled, ask, files } = openTasks()
    const { rev } = await save('task.md', TEXT)
    await settled()
    expect(files.head(at('task.md'))?.rev).toBe(rev)
    await ask({ do: 'move', task: T, subtask: '1', state: 'done' })
    await settled()
    expect(files.head(at('task.md'))?.rev).toBe(rev + 1)
  })
})

describe('[TASK-15] a task’s file in .notes', () => {
  test('moves to the folder of its status; whoever moves it there changes the status', async () => {
    const opened = openTasks()
    const { save, settled, ask, files } = opened
    const { id } = await save('.notes/ACTIVE/TASK-1.md', TEXT)
    await settled()
    await ask({ do: 'halt', task: T }, 'CODEX-b')
    await settled()
    expect(files.head(at('.notes/HALTED/TASK-1.md'))).toMatchObject({ id, deleted: false, author: 'CODEX-b' })
    expect(await opened.text('.notes/HALTED/TASK-1.md')).toBe(TEXT.replace('ACTIVE', 'HALTED'))
    expect(await opened.only()).toMatchObject({ status: 'HALTED', file: '.notes/HALTED/TASK-1.md' })

    const moved = { writeId: w(), id, path: at('.notes/HALTED/TASK-1.md'), to: at('.notes/ACTIVE/TASK-1.md') }
    await files.rename(moved, PERSON)
    await settled()
    expect(await opened.only()).toMatchObject({ status: 'ACTIVE', file: '.notes/ACTIVE/TASK-1.md' })
    expect(await opened.text('.notes/ACTIVE/TASK-1.md')).toBe(TEXT)
  })

  test('stays where it is while its name is taken there', async () => {
    const opened = openTasks()
    const { save, settled, ask, text } = opened
    await save('.notes/ACTIVE/TASK-1.md', TEXT)
    await save('.notes/COMPLETED/TASK-1.md', '# Something else\n')
    await settled()
    await ask({ do: 'move', task: T, subtask: '1', state: 'done' }, 'PEER')
    await ask({ do: 'move', task: T, subtask: '2', state: 'done' }, 'PEER')
    await ask({ do: 'complete', task: T }, 'PEER')
    await settled()
    expect(await opened.only()).toMatchObject({ status: 'COMPLETED', file: '.notes/ACTIVE/TASK-1.md' })
    expect(await text('.notes/COMPLETED/TASK-1.md')).toBe('# Something else\n')
  })
})

describe('after a restart', () => {
  test('[TASK-6] the board is as it was, and what had not been written is', async () => {
    const first = openTasks()
    await first.save('task.md', TEXT)
    await first.settled()
    const reply = await first.ask({ do: 'add', writeId: w(), task: T, title: 'Docs', depends_on: ['1', '2'] })
    // Killed before the file was written.
    const again = openTasks(first.storage)
    expect((await again.only()).subtasks).toEqual(reply.task.subtasks)
    again.tasks.start()
    await again.settled()
    expect(await again.text('task.md')).toContain('- [ ] UI\n- [ ] Docs\n')
    expect((await again.only()).subtasks.map(({ depends_on }) => depends_on)).toEqual([[], [], ['1', '2']])
  })

  test('[TASK-9] what was changed in files meanwhile is taken in, and a file that was not made yet is made', async () => {
    const first = openTasks()
    await first.save('task.md', TEXT)
    await first.settled()
    const { task } = await first.ask({ do: 'create', writeId: w(), title: 'Second' })
    await first.tasks.close()
    await first.replace('task.md', '- [ ] API', '- [x] API')
    const again = openTasks(first.storage)
    again.tasks.start()
    await again.settled()
    const { tasks } = await again.tasks.list()
    expect(tasks.map(({ id, file, progress }) => [id, file, progress])).toContainEqual(['T-1', 'task.md', 50])
    expect(tasks.find(({ id }) => id === task.id)?.file).toBe(`.notes/ACTIVE/${task.id}.md`)
  })
})

describe('who a subtask may be given to', () => {
  test('[TASK-5] a type that the configuration knows, or an agent of one; else nothing is done, and the file stays as it is', async () => {
    const opened = openTasks()
    await opened.save('task.md', TEXT)
    await opened.settled()
    const give = (assignee: string) => opened.ask({ do: 'assign', task: T, subtask: '1', assignee })
    for (const assignee of ['CURSOR', 'CURSOR-x', 'PERSON-anna'])
      await expect(give(assignee)).rejects.toMatchObject({ code: 'E_AGENT_TYPE' })
    const adding = opened.ask({ do: 'add', writeId: w(), task: T, title: 'Docs', assignee: 'CURSOR-x' })
    await expect(adding).rejects.toMatchObject({ code: 'E_AGENT_TYPE' })
    const claiming = opened.ask({ do: 'claim', task: T, subtask: '1' }, 'PERSON-anna')
    await expect(claiming).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await opened.ask({ do: 'move', task: T, subtask: '1', state: 'running' }, 'PERSON-anna')
    await opened.settled()
    expect((await opened.only()).subtasks[0]).toMatchObject({ title: 'API', assignee: null, state: 'running' })
    expect(await opened.text('task.md')).toBe(TEXT)
  })

  test('[TASK-12] whoever has a subtask keeps it when the configuration does not know the type any more', async () => {
    const first = openTasks(undefined, ['CLAUDE', 'CURSOR'])
    await first.save('task.md', TEXT)
    await first.settled()
    await first.ask({ do: 'assign', task: T, subtask: '1', assignee: 'CURSOR-x' })
    await first.settled()
    const again = openTasks(first.storage, ['CLAUDE'])
    again.tasks.start()
    await again.settled()
    await again.replace('task.md', 'Prose.', 'More.')
    await again.settled()
    expect((await again.only()).subtasks[0]).toMatchObject({ title: 'API', assignee: 'CURSOR-x' })
    expect(await again.text('task.md')).toContain('- [ ] CURSOR-x: API\n- [ ] UI\n')
    expect(again.files.head(at('task.md'))?.rev).toBe(3)
  })
})

describe('the write of a board’s change', () => {
  test('that is refused is tried again by itself', async () => {
    const { ask, save, settled, clock, files, text, errors } = openTasks()
    await save('task.md', TEXT)
    await settled()
    const write = files.write.bind(files)
    files.write = () => Promise.reject(diskFull())
    await ask({ do: 'halt', task: T })
    await settled()
    files.write = write
    expect(errors.map(({ code }) => code)).toEqual(['E_STORAGE_FULL'])
    await clock.advance(2_000)
    await settled()
    expect(await text('task.md')).toContain('status: HALTED')
  })

  test('[TASK-11] that meets another one in the same place raises no conflict: what stands in the file holds', async () => {
    const opened = openTasks()
    const { ask, save, settled, clock, files, text } = opened
    const head = await save('task.md', TEXT)
    await settled()
    const write = files.write.bind(files)
    files.write = async (command, who) => {
      files.write = write
      await write(writing('task.md', TEXT.replace('ACTIVE', 'COMPLETED'), head), PERSON)
      return await write(command, who)
    }
    await ask({ do: 'halt', task: T })
    await settled()
    await clock.advance(2_000)
    await settled()
    expect(files.openConflicts).toEqual([])
    expect(await text('task.md')).toBe(TEXT.replace('ACTIVE', 'COMPLETED'))
    expect((await opened.only()).status).toBe('COMPLETED')
  })
})

test('[TASK-3] who waits for whom is known to others', async () => {
  const { ask, save, settled, waits } = openTasks()
  await save('task.md', TEXT)
  await settled()
  await ask({ do: 'depend', task: T, subtask: '2', depends_on: ['1'] })
  await ask({ do: 'assign', task: T, subtask: '2', assignee: 'CODEX-b' })
  expect(waits()).toEqual([])
  await ask({ do: 'claim', task: T, subtask: '1' }, 'CLAUDE-a')
  expect(waits()).toEqual([['CODEX-b', ['CLAUDE-a']]])
})

test('ids say the day, a number and the title', () => {
  const now = Date.UTC(2026, 1, 5)
  expect(newTaskId('Über die Straße: Teil 2!', now, new Set(['TASK-ACTIVE-20260205-007-x']))).toBe(
    'TASK-ACTIVE-20260205-008-uber-die-stra-e-teil-2',
  )
  expect(newTaskId('日本語', now, new Set())).toBe('TASK-ACTIVE-20260205-001')
})
