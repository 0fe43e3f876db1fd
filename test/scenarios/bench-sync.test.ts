/** `npm run bench:sync` where nothing can be measured: what is measured is shown by test/bench/run.test.ts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const results = (): Promise<string> => readFile(join(ROOT, 'test/bench/RESULTS.md'), 'utf8')

async function bench(...args: string[]): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/test/bench/sync.js'), ...args], {
    env: { ...process.env, TMPDIR: '/proc' }, // in which nobody can make a folder
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part))
  const [code] = (await once(child, 'close')) as [unknown]
  return { code, said }
}

test('each that breaks is named, the next is begun all the same, the exit code is 1, and RESULTS.md is as it was', async () => {
  const before = await results()
  const { code, said } = await bench('burst', 'joiners')
  expect(code).toBe(1)
  expect(said).toContain('burst: BROKE.')
  expect(said).toContain('joiners: BROKE.')
  expect(said).toContain('Broken: burst, joiners.')
  expect(await results()).toBe(before)
})

test('a scenario that there is not is a wrong use, and so is a number of kills that is none', async () => {
  expect(await bench('burst', 'jioners')).toMatchObject({
    code: 2,
    said: expect.stringContaining('jioners') as unknown,
  })
  expect(await bench('--kills', 'many')).toMatchObject({ code: 2 })
})
