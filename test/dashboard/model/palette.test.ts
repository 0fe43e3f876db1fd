import { expect, test } from 'vitest'
import { entriesOf, search, type Addresses, type Known } from '../../../dashboard/model/palette.js'
import { lockId, agentId, conflictId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'

const at: Addresses = {
  agent: (id) => `/agents/${id}`,
  conflict: (id) => `/conflicts/${id}`,
  file: (path) => `/files/${path}`,
  lock: (id) => `/locks/${id}`,
  task: (id) => `/tasks/${id}`,
}
const price = workspacePath.parse('src/shared/price.ts')
const known: Known = {
  commands: ['find', 'overview', 'theme', 'down'],
  agents: [
    { agentId: 'CLAUDE-frontend', file: 'src/ui/CartPanel.tsx', isHere: true },
    { agentId: 'CODEX-review', file: price, isHere: false },
  ],
  conflicts: [{ id: conflictId.parse('c1'), path: price }],
  locks: [
    {
      ...{ id: lockId.parse('l7'), path: price, holder: agentId.parse('CODEX-review'), lines: { from: 3, to: 9 } },
      region: { kind: 'symbol', name: 'applyDiscount' },
    },
  ],
  tasks: [{ id: 't1', title: 'Coupons at checkout', status: 'ACTIVE' }],
  files: ['src/ui/CartPanel.tsx', 'src/shared/price.ts', 'test/cart.spec.ts', 'README.md'],
}
const entries = entriesOf(known, at)
const found = (query: string) => search(entries, query).map(({ text }) => text)

test('without a query everything but files is offered; what only the keyboard does is not', () => {
  expect(found('')).toEqual([
    ...['Go to the overview', 'Switch between light and dark'],
    ...['CLAUDE-frontend', 'Follow CLAUDE-frontend', 'CODEX-review'],
    ...['Conflict in src/shared/price.ts', 'Lock on applyDiscount', 'Coupons at checkout'],
  ])
})

test('a few letters, words in any order, find what is meant, the best of each kind first', () => {
  expect(found('cartpan')).toEqual(['src/ui/CartPanel.tsx'])
  expect(found('spec cart')).toEqual(['test/cart.spec.ts'])
  expect(found('price')).toEqual([
    ...['src/shared/price.ts', 'Conflict in src/shared/price.ts', 'Lock on applyDiscount'],
  ])
  expect(found('front')).toEqual(['CLAUDE-frontend', 'Follow CLAUDE-frontend'])
  expect(found('discount')).toEqual(['Lock on applyDiscount'])
  expect(found('zzz')).toEqual([])
})

test('each leads to its address', () => {
  const target = (text: string) => entries.find((entry) => entry.text === text)?.target
  expect(target('Lock on applyDiscount')).toEqual({ kind: 'address', address: '/locks/l7' })
  expect(target('Follow CLAUDE-frontend')).toEqual({ kind: 'follow', agentId: 'CLAUDE-frontend' })
  expect(target('Go to the overview')).toEqual({ kind: 'command', id: 'overview' })
  expect(target('CODEX-review')).toEqual({ kind: 'address', address: '/agents/CODEX-review' })
})

test('of 20,000 files twelve are shown, and names are unique', () => {
  const files = Array.from({ length: 20_000 }, (_, index) => `src/part-${index % 100}/file-${index}.ts`)
  const many = entriesOf({ ...known, files }, at)
  expect(new Set(many.map(({ id }) => id)).size).toBe(many.length)
  const shown = search(many, 'file-1999')
  expect(shown[0]?.text).toBe('src/part-99/file-1999.ts')
  expect(search(many, 'file')).toHaveLength(12)
})
