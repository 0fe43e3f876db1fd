import { expect, test } from 'vitest'
import { addresseesOf } from '../../../dashboard/model/addressees.js'
import { anAgent } from '../builders.js'

test('everybody, each agent that is here, the one that is looked at, and every role, once', () => {
  const rows = [
    { agent: anAgent('CLAUDE-a', 1, { roles: ['planner'] }), state: 'idle' as const, since: 0 },
    { agent: anAgent('CLAUDE-b', 2, { roles: ['planner', 'reviewer'] }), state: 'idle' as const, since: 0 },
    { agent: anAgent('CODEX-c', 3), state: 'left' as const, since: 0 },
  ]
  const choices = addresseesOf(rows, 'CODEX-c')
  expect(choices.map(({ label }) => label)).toEqual([
    ...['everybody', 'CLAUDE-a', 'CLAUDE-b', 'CODEX-c'],
    ...['every CLAUDE', 'every planner', 'every reviewer'],
  ])
  expect(choices.map(({ to }) => to)).toContainEqual({ role: 'reviewer' })
  expect(new Set(choices.map(({ key }) => key)).size).toBe(choices.length)
})
