import { expect, test } from 'vitest'
import { nextRows } from '../../../dashboard/model/roster.js'
import { anAgent, NOON } from '../builders.js'

test('who stayed as it was keeps its row, so that only the others are drawn again', () => {
  const roster = (file: string) => [
    anAgent('CLAUDE-one', 1, { file: 'a.ts' }),
    anAgent('CODEX-two', 2, { file, state: 'editing' }),
  ]
  const before = nextRows([], roster('b.ts'), new Map(), 'left', NOON)
  const after = nextRows(before, roster('c.ts'), new Map(), 'left', NOON)
  expect(after[0]).toBe(before[0])
  expect(after[1]?.agent.file).toBe('c.ts')
})
