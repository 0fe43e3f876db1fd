import type { Asker } from './asker.js'

export async function tasks({ ask }: Asker): Promise<void> {
  const subtasks = [{ title: 'API', assignee: 'CODEX-b' }, { title: 'UI' }]
  const made = await ask('createTask', '/api/tasks', 200, { json: { title: 'Checkout', mode: 'PAR-MULTI', subtasks } })
  await ask('createTask', '/api/tasks', 400, { json: { title: 'two\nlines' } })
  const { id } = (made.json as { task: { id: string } }).task
  await ask('listTasks', '/api/tasks', 200)
  await ask('listTasks', '/api/tasks', 401, { token: null })
  await ask('getTask', `/api/tasks/${id}`, 200)
  await ask('getTask', '/api/tasks/none', 404)
  const change = async (json: object, status = 200): Promise<void> => {
    await ask('changeTask', `/api/tasks/${id}`, status, { json, headers: { 'x-ensemble-agent': 'CLAUDE-a' } })
  }
  await change({ do: 'add', title: 'Docs', depends_on: ['1'] })
  await change({ do: 'claim' })
  await change({ do: 'claim', subtask: '1' }, 409)
  await change({ do: 'move', subtask: '9', state: 'done' }, 404)
  await change({ do: 'dance' }, 400)
  await change({ do: 'progress', subtask: '2', progress: 40 })
  await change({ do: 'depend', subtask: '1', depends_on: ['3'] }, 409)
  await change({ do: 'halt' })
}
