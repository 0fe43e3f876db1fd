import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BIN, openPlace, type Place } from '../support/cli.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'app.ts'), 'a\n')
})
afterEach(() => place.close())

const complete = async (...words: string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await place.run(['complete', '--within', '60000', '--', ...words], {
    cwd: place.path('project'),
  })
  expect([code, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter((line) => line !== '')
}

test('values come from the server while it runs, and none when it does not', async () => {
  expect(await complete('log', 'src/')).toEqual([])
  expect(await complete('server', 'st')).toEqual(['start', 'stop', 'status'])
  expect(await complete('connect', '--dir', 's')).toEqual(['src/'])
  await place.run(['server', 'start', 'project', '--port', '0', '--background', '--json'])
  expect(await complete('log', 'src/')).toEqual(['src/app.ts'])
  expect(await complete('log', 'lib/')).toEqual([])
})

test('bash completes with the script that it is given', async () => {
  const { stdout: script } = await place.run(['completion', 'bash'])
  await writeFile(place.path('ensemble'), `#!/bin/sh\nexec ${process.execPath} ${BIN} "$@"\n`, { mode: 0o755 })
  const asked = 'COMP_WORDS=(ensemble server sta); COMP_CWORD=2; _ensemble; printf "%s\\n" "${COMPREPLY[@]}"'
  const env = { ...process.env, PATH: `${place.dir}:${process.env['PATH'] ?? ''}` }
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', `${script}\n${asked}`], { env })
  expect(stdout).toBe('start\nstatus\n')
})
