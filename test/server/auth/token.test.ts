import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadToken, sameToken } from '../../../server/auth/token.js'

let dir: string
let file: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-token-'))
  file = join(dir, 'token')
})
afterEach(() => rm(dir, { recursive: true }))

describe('[AUTH-4] the token', () => {
  test('is made once, of 256 random bits, in a file that only its owner reads', async () => {
    const made = await loadToken(file)
    expect(Buffer.from(made, 'base64url')).toHaveLength(32)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await loadToken(file)).toBe(made)
    expect(await readFile(file, 'utf8')).toBe(`${made}\n`)
    expect(await readdir(dir)).toEqual(['token'])
    await rm(file)
    expect(await loadToken(file)).not.toBe(made)
  })

  test('what a crash left half-written is in nobody’s way, and stays private', async () => {
    await writeFile(`${file}.new`, 'half')
    await chmod(`${file}.new`, 0o644)
    const made = await loadToken(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await loadToken(file)).toBe(made)
  })

  test.each(['', 'short', `${'a'.repeat(43)}!`])(
    'a file that holds %j is refused, and left as it is',
    async (content) => {
      await writeFile(file, content)
      await expect(loadToken(file)).rejects.toMatchObject({
        code: 'E_WORKSPACE',
        message: expect.stringContaining(file) as string,
      })
      expect(await readFile(file, 'utf8')).toBe(content)
    },
  )

  test('is compared whole', () => {
    expect(sameToken('abc', 'abc')).toBe(true)
    for (const given of ['', 'ab', 'abcd', 'abd', 'ABC']) expect(sameToken('abc', given)).toBe(false)
  })
})
