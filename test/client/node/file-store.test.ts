import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFileStore } from '../../../client/node/file-store.js'

let dir: string
let file: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-store-'))
  file = join(dir, 'deep', 'CLAUDE-a.jsonl')
})
afterEach(() => rm(dir, { recursive: true }))

const put = (key: string, value: string | null) => ({ key, value })

test('what was written is there after a restart; what was removed is not', async () => {
  const store = await openFileStore(file)
  expect([...(await store.load())]).toEqual([])
  await Promise.all([store.write([put('a', '1'), put('b', 'ü\n"')]), store.write([put('c', '3')])])
  await store.write([put('a', null), put('c', '4')])
  await store.close()
  await store.close()
  const again = await openFileStore(file)
  expect([...(await again.load())]).toEqual([
    ['b', 'ü\n"'],
    ['c', '4'],
  ])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await again.close()
})

test('a write that a crash cut in half is not there, and the next one is', async () => {
  const store = await openFileStore(file)
  await store.write([put('a', '1')])
  await store.close()
  await appendFile(file, '[["b","2"],["c')
  const again = await openFileStore(file)
  expect([...(await again.load())]).toEqual([['a', '1']])
  await again.write([put('d', '4')])
  await again.close()
  const third = await openFileStore(file)
  expect([...(await third.load()).keys()]).toEqual(['a', 'd'])
  await third.close()
})

test('a damaged line is told, and nothing is guessed', async () => {
  const store = await openFileStore(file)
  await store.close()
  await writeFile(file, '[["a","1"]]\nwhat\n[["b","2"]]\n')
  await expect(openFileStore(file)).rejects.toMatchObject({ code: 'E_STORAGE_DAMAGED' })
})

test('a second process is refused; what a dead one left is taken over', async () => {
  const store = await openFileStore(file)
  await expect(openFileStore(file)).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY' })
  await store.close()
  await writeFile(`${file}.lock`, `999999999 ${hostname()}`)
  const again = await openFileStore(file)
  await again.close()
})

test('the file stays in proportion to what it holds', async () => {
  const store = await openFileStore(file)
  const large = 'x'.repeat(300_000)
  for (let i = 0; i < 12; i++) await store.write([put('a', large + String(i))])
  await store.write([put('b', 'last')])
  await store.close()
  expect((await stat(file)).size).toBeLessThan(1_300_000)
  const again = await openFileStore(file)
  const rows = await again.load()
  expect([rows.get('a')?.slice(-2), rows.get('b')]).toEqual(['11', 'last'])
  await again.close()
  expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true)
})
