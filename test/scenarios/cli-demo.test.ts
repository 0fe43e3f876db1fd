import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPlace, outcomeOf, treeOf, type Place } from '../support/cli.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
})
afterEach(() => place.close())

test('the demo tells its story, finds every edit in every folder once, and leaves nothing behind', async () => {
  await mkdir(place.path('tmp'))
  const { code, stdout, stderr } = await place.run(['demo'], { env: { TMPDIR: place.path('tmp') } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Ensemble demo: the source of \w+ [\d.]+, \d+ files, [\d,]+ lines\n/)
  expect(stdout.match(/^ \d {2}/gm)).toHaveLength(8)
  for (const part of ['at the same moment', '20 saves by turns', 'rewrite the same line', 'kill -9', 'goes offline']) {
    expect(stdout).toContain(part)
  }
  expect(stdout).toMatch(
    /\nChecked: 4 folders are the same, byte for byte; each of \d+ edits is there exactly once\.\n/,
  )
  expect(stdout).toMatch(/\nAll of that took [\d.]+ s\. Dashboard: http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}\n$/)
  expect(await readdir(place.path('tmp'))).toEqual([])
  // A server that lives for half a minute is none of the other commands' business.
  expect((await place.run(['status'])).code).toBe(4)
})

test('its folders are kept on request, and are the same', async () => {
  const { code, stdout } = await place.run(['demo', '--dir', 'stage', '--keep', '--no-wait'])
  expect(code).toBe(0)
  expect(stdout).toContain(`Kept: ${place.path('stage')}\n`)
  const [first, ...others] = await Promise.all(
    ['workspace', 'claude', 'codex', 'gemini'].map((name) => treeOf(place.path('stage', name))),
  )
  expect(Object.keys(first ?? {}).length).toBeGreaterThan(20)
  for (const other of others) expect(other).toEqual(first)
})

test('a folder that holds something is refused', async () => {
  await mkdir(place.path('mine'))
  await writeFile(place.path('mine', 'a.txt'), '')
  const { code, stderr } = await place.run(['demo', '--dir', 'mine'])
  expect(code).toBe(1)
  expect(stderr).toContain('mine is not empty')
  expect(await readdir(place.path('mine'))).toEqual(['a.txt'])
})

test('an interrupted demo ends its processes and removes its folders', async () => {
  await mkdir(place.path('tmp'))
  const child = place.spawn(['demo', '--dir', 'tmp/stage'])
  const outcome = outcomeOf(child)
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (text: string) => {
      if (text.includes('Server ready')) resolve()
    })
    void outcome.then(() => resolve())
  })
  child.kill('SIGINT')
  expect((await outcome).code).toBe(130)
  expect(await readdir(place.path('tmp'))).toEqual([])
})
