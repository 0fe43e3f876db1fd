import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hasStrace, judgeEchoes, UPDATES } from '../bench/durability.js'
import { kill, openPlace, type Place } from '../support/cli.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
})
afterEach(async () => {
  await place.close()
})

test.skipIf(!hasStrace())(
  '[SYNC-1, STORE-1] by the system calls of the server, each echo is sent after the sync of what it echoes',
  async () => {
    const outcome = await place.run(['server', 'start', '.', '--port', '0', '--background', '--json'])
    const { url, pid, tokenFile } = outcome.json()
    const token = (await readFile(String(tokenFile), 'utf8')).trim()
    const echoes = await judgeEchoes({ url: String(url), pid: Number(pid) }, token, place.path('trace'))
    await kill(Number(pid))
    expect(echoes).toEqual({ after: UPDATES, before: 0, without: 0 })
  },
)
