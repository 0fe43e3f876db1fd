/** An agent's page, and what is said from there. */
import { expect, test } from 'vitest'
import { workspacePath } from '../../../protocol/paths.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

test('shows what an agent is, does, changed and holds, as it happens', async () => {
  const folder = await serve({ 'src/price.ts': 'one\ntwo\n', 'b.ts': 'b\n' })
  const agent = await folder.agent('CLAUDE-backend')
  await write(agent, 'src/price.ts', 'ONE\ntwo\n', await headOf(agent, 'src/price.ts'))
  const page = await open(folder, '/agents')
  await page.getByRole('link', { name: 'backend' }).click()
  await page.getByRole('heading', { name: 'backend' }).waitFor()
  const edits = page.getByRole('region', { name: 'Recent edits' })
  await edits.getByRole('link', { name: 'src/price.ts' }).waitFor()

  await agent.request('presence', { state: 'reviewing', file: workspacePath.parse('b.ts'), symbol: 'total' })
  await page.getByText('Reviewing').waitFor()
  await page.getByText('total', { exact: true }).waitFor()
  const wants = [
    {
      path: workspacePath.parse('b.ts'),
      region: { kind: 'lines' as const, from: 1, to: 1 },
      type: 'EXCLUSIVE' as const,
    },
  ]
  await agent.request('lock', { wants, ttl: 60, wait: 0 })
  await page.getByRole('region', { name: 'Locks' }).getByRole('link', { name: 'b.ts' }).waitFor()
  await agent.request('unlock', { path: workspacePath.parse('b.ts') })
  await page.getByText('It holds nothing').waitFor()

  const tasks = page.getByRole('region', { name: 'Tasks' })
  await tasks.getByText('Nothing is assigned to it.').waitFor()
  const subtasks = [
    { title: 'Round prices', assignee: 'CLAUDE-backend' },
    { title: 'Check them', assignee: 'CODEX' },
  ]
  await agent.request('task', taskCommand.parse({ writeId: 't1', create: { title: 'Checkout', subtasks } }))
  await tasks.getByRole('link', { name: 'Round prices' }).waitFor()
  expect(await tasks.getByRole('link').count()).toBe(1)
  expect(await tasks.textContent()).toContain('0 %')

  await write(agent, 'b.ts', 'B\n', await headOf(agent, 'b.ts'))
  await edits.getByRole('link', { name: 'b.ts' }).waitFor()
  // The file as the agent left it, whatever became of it since.
  await write(agent, 'src/price.ts', 'later\n', await headOf(agent, 'src/price.ts'))
  await edits.getByRole('link', { name: 'src/price.ts' }).last().click()
  await page.getByText('ONE').first().waitFor()
  expect(page.url()).toBe(`${folder.url}/files/src/price.ts#r2`)

  await page.goto(`${folder.url}/agents/CLAUDE-nobody`)
  await page.getByRole('heading', { name: 'There is no such agent' }).waitFor()
})

test('a message reaches its agent in the name of a person, and its receipt shows as it comes', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const agent = await folder.agent('CLAUDE-backend', { feeds: ['events'] })
  const other = await folder.agent('CODEX-review', { feeds: ['events'] })
  const heard: unknown[] = []
  const overheard: unknown[] = []
  const note = (list: unknown[]) => (message: { type: string; event?: { type: string } }) => {
    if (message.type === 'event' && message.event?.type === 'broadcast') list.push(message.event)
  }
  agent.onMessage(note(heard))
  other.onMessage(note(overheard))
  const page = await open(folder, '/agents/CLAUDE-backend')
  await page.getByRole('textbox', { name: 'Message' }).fill('Keep the old cart route.')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('status').getByText('not acknowledged yet').waitFor()
  const [message] = await until(() => heard.length > 0 && (heard as { seq: number }[]), 'the message')
  expect(message).toMatchObject({
    agent_id: 'PERSON-dashboard',
    ...{ to: { agent: 'CLAUDE-backend' }, data: { text: 'Keep the old cart route.' } },
  })
  expect(overheard).toEqual([])
  expect((await agent.request('inbox', {})).messages).toMatchObject([{ seq: message!.seq }])
  await agent.request('acknowledge', { seq: message!.seq })
  await page
    .getByRole('status')
    .getByText(/acknowledged/)
    .getByText('ago')
    .waitFor()
  await page.getByRole('region', { name: 'Messages' }).getByText('Keep the old cart route.').waitFor()

  await page.getByRole('combobox', { name: 'To' }).selectOption('every CODEX')
  await page.getByRole('textbox', { name: 'Message' }).fill('Review, please.')
  await page.getByRole('button', { name: 'Send' }).click()
  await until(() => overheard.length > 0, 'the message to a role')
  expect(overheard).toMatchObject([{ to: { role: 'CODEX' } }])
})

test('a conflict is handed to an agent, which is told what to run; its receipt shows in the page', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  const base = await headOf(one, 'a.ts')
  await write(one, 'a.ts', 'ONE\n', base)
  await write(two, 'a.ts', 'zwei\n', base)
  const [conflict] = (await one.request('conflicts', {})).conflicts
  const page = await open(folder, `/conflicts/${conflict!.id}`)
  await page.getByText('Hand to an agent').click()
  await page.getByRole('button', { name: 'CODEX-two' }).click()
  await page.getByRole('status').getByText('not acknowledged yet').waitFor()
  const { messages } = await two.request('inbox', {})
  expect(messages).toMatchObject([
    {
      ...{ agent_id: 'PERSON-dashboard', to: { agent: 'CODEX-two' } },
      data: {
        conflict: conflict!.id,
        file: 'a.ts',
        text: expect.stringContaining('ensemble conflicts show') as unknown,
      },
    },
  ])
  await two.request('acknowledge', { seq: messages[0]!.seq })
  await page.getByRole('status').getByText('ago').waitFor()
})

test('what is typed while a message is being sent stays; that its addressee has left is said, and nothing lost', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const agent = await folder.agent('CLAUDE-backend')
  const other = await folder.agent('CODEX-review')
  const page = await open(folder, '/agents/CLAUDE-backend')
  const field = page.getByRole('textbox', { name: 'Message' })
  const to = page.getByRole('combobox', { name: 'To' })
  await to.selectOption('CODEX-review')
  await field.fill('First.')
  await page.keyboard.press('Control+Enter')
  await page.keyboard.type('Next.')
  await page.getByRole('status').getByText('not acknowledged yet').waitFor()
  expect(await field.inputValue()).toBe('Next.')
  await other.close()
  await to.getByRole('option', { name: 'CODEX-review' }).waitFor({ state: 'detached' })
  await page.keyboard.press('Control+Enter')
  await page.getByRole('alert').getByText('Whom this was for has left').waitFor()
  expect(await field.inputValue()).toBe('Next.')
  expect((await agent.request('inbox', {})).messages).toEqual([])
})
