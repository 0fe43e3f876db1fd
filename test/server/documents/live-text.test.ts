/** A write that changes a text in very many places. */
import { expect, test } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import { turn } from '../../support/manual-clock.js'
import { at, CODEX, openStore, Replica, textOf, write } from './harness.js'

const LINES = Array.from({ length: 5200 }, (_, n) => `line ${n}\n`)
const BEFORE = LINES.join('')
/** In 2,600 places. */
const AFTER = LINES.map((line, n) => (n % 2 === 0 ? `${n} is another one\n` : line)).join('')

async function begun() {
  const { files } = openStore()
  const { head } = await write(files, 'a.ts', BEFORE)
  const document = await files.open(at('a.ts'))
  await document.live.flushed()
  const updates: Uint8Array[] = []
  document.live.onUpdate((update) => updates.push(update))
  const writing = write(files, 'a.ts', AFTER, head)
  while (document.live.held === undefined) await turn()
  return { files, document, writing, updates }
}

test('[BRIDGE-17] thousands of edits are made in slices: others have their turn, and nobody sees a part', async () => {
  const { files, document, writing, updates } = await begun()
  expect(document.text).toBe(BEFORE) // to decide took its turn
  await turn()
  expect(document.text).not.toBe(BEFORE)
  expect(document.text).not.toBe(AFTER)
  const seen = textOf(files, 'a.ts')
  const typed = new Replica(document).insert(0, 'typed\n')
  document.live.whenFree(() => document.apply(typed, CODEX), typed.length)
  let turns = 0
  while (document.live.held !== undefined) {
    await turn()
    turns++
  }
  expect(turns).toBeGreaterThan(1)
  expect(await writing).toMatchObject({ outcome: 'accepted', head: { rev: 2 } })
  expect(await seen).toBe(`typed\n${AFTER}`)
  expect(updates).toHaveLength(2)
  expect(files.head(at('a.ts'))).toMatchObject({ rev: 3, author: CODEX })
})

test('a document that ends between two slices stores none of them', async () => {
  const { files, document, writing, updates } = await begun()
  await turn()
  expect(document.text).not.toBe(BEFORE)
  document.live.expel(new EnsembleError('E_INTERNAL', 'It broke.'))
  await expect(writing).rejects.toMatchObject({ code: 'E_INTERNAL', retry: true })
  expect(await textOf(files, 'a.ts')).toBe(BEFORE)
  expect(updates).toEqual([])
})
