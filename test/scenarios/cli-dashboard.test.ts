/** `ensemble dashboard`: a link that opens the page once, in the browser or printed. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pageSession } from '../../protocol/links.js'
import { openPlace, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

let place: Place
let url: string
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project'))
  const args = ['server', 'start', 'project', '--port', '0', '--background', '--json']
  url = String((await place.run(args)).json()['url'])
})
afterEach(() => place.close())

/** What takes the place of the system's opener: it notes what it is to open, and ends with `code`. */
async function opener(code: number): Promise<NodeJS.ProcessEnv> {
  await mkdir(place.path('bin'))
  await writeFile(place.path('bin', 'xdg-open'), `#!/bin/sh\necho "$1" > ${place.path('opened')}\nexit ${code}\n`)
  await chmod(place.path('bin', 'xdg-open'), 0o755)
  return { DISPLAY: ':7', PATH: `${place.path('bin')}${delimiter}${process.env['PATH'] ?? ''}` }
}

async function use(link: string): Promise<Response> {
  expect(link).toMatch(new RegExp(`^${url}/#code=[\\w-]{43}$`))
  const body = JSON.stringify({ code: new URLSearchParams(new URL(link).hash.slice(1)).get('code') })
  const headers = { 'content-type': 'application/json' }
  return await fetch(`${url}/api/links/use`, { method: 'POST', headers, body })
}

test('[AUTH-8] --print-url prints the link alone, on the last line; it works once, and with --read-only for reading', async () => {
  const { stdout, stderr, code } = await place.run(['dashboard', '--print-url'], { env: await opener(0) })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const used = await use(stdout.trimEnd())
  expect(pageSession.parse(await used.json())).toMatchObject({ access: 'write' })
  expect((await use(stdout.trimEnd())).status).toBe(401)
  await expect(readFile(place.path('opened'))).rejects.toMatchObject({ code: 'ENOENT' })

  const watching = await place.run(['dashboard', '--print-url', '--read-only', '--json'])
  expect(watching.json()).toMatchObject({ schema: 'ensemble.dashboard/1', access: 'read', opened: false })
  const { token } = pageSession.parse(await (await use(String(watching.json()['url']))).json())
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const forged = await fetch(`${url}/api/files/a.txt`, { method: 'PUT', headers, body: 'forged' })
  expect([forged.status, await forged.json()]).toMatchObject([403, { code: 'E_READ_ONLY' }])
  expect((await fetch(`${url}/api/status`, { headers })).status).toBe(200)
})

test('without it the link goes to the browser, and is not printed', async () => {
  const { stdout, code } = await place.run(['dashboard'], { env: await opener(0) })
  expect({ code, stdout }).toEqual({ code: 0, stdout: `Opened the dashboard of ${url} in the browser.\n` })
  const link = await until(() => readFile(place.path('opened'), 'utf8').catch(() => ''), 'the opener')
  expect((await use(link.trimEnd())).status).toBe(200)
})

test('where nothing can open it, the link is printed, alone on the last line', async () => {
  const { stdout, stderr, code } = await place.run(['dashboard'], { env: await opener(3) })
  expect(code).toBe(0)
  expect(stderr).toContain('No browser could be opened from here.')
  expect((await use(stdout.trimEnd())).status).toBe(200)
})
