/** The workspace's token: made at the first start, kept in a file that only its owner can read. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { EnsembleError } from '../../protocol/errors.js'

const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** @throws EnsembleError E_WORKSPACE if the file holds something else than a token */
export async function loadToken(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(absent)
  if (existing !== undefined) {
    const token = existing.trim()
    if (TOKEN.test(token)) return token
    throw new EnsembleError('E_WORKSPACE', `${file} does not hold a token of Ensemble.`, {
      hint: 'Delete the file to have a new token made; every client then needs the new one.',
    })
  }
  const token = randomBytes(32).toString('base64url')
  // Under another name first: a crash must not leave half a token, which would have to be deleted by hand.
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.chmod(0o600) // where such a file was left over
    await handle.writeFile(`${token}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
  return token
}

/** Compares in constant time. */
export function sameToken(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given)
  return a.length === b.length && timingSafeEqual(a, b)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
