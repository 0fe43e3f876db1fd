import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { locksFilePlace } from '../../server/locks-file-place.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-locks-file-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

describe('where _locks.json stands', () => {
  it('[LOCK-18] a workspace without .notes and without the file gets none', async () => {
    const place = locksFilePlace(dir)
    await place.write('{}')
    expect(await place.read()).toBeNull()
    expect(await readdir(dir)).toEqual([])
  })

  it('[LOCK-18] at the top it stays where it is, and its .bak is left alone', async () => {
    await writeFile(join(dir, '_locks.json'), 'old')
    await writeFile(join(dir, '_locks.json.bak'), 'older')
    const place = locksFilePlace(dir)
    expect(await place.read()).toBe('old')
    await place.write('new')
    expect(await readFile(join(dir, '_locks.json'), 'utf8')).toBe('new')
    expect(await readFile(join(dir, '_locks.json.bak'), 'utf8')).toBe('older')
    expect((await readdir(dir)).sort()).toEqual(['_locks.json', '_locks.json.bak'])
  })

  it('[LOCK-18] in .notes it stands in ACTIVE, which is made', async () => {
    await mkdir(join(dir, '.notes'))
    const place = locksFilePlace(dir)
    await place.write('new')
    expect(await place.read()).toBe('new')
    expect(await readdir(join(dir, '.notes/ACTIVE'))).toEqual(['_locks.json'])
  })

  it.each(['.notes', '.notes/ACTIVE', '.notes/ACTIVE/_locks.json'])('a link at %s is not followed', async (linked) => {
    const outside = await mkdtemp(join(tmpdir(), 'ensemble-outside-'))
    try {
      await writeFile(join(outside, '_locks.json'), 'theirs')
      await mkdir(join(outside, 'ACTIVE'))
      await writeFile(join(outside, 'ACTIVE/_locks.json'), 'theirs')
      const isFile = linked.endsWith('.json')
      await mkdir(join(dir, linked, '..'), { recursive: true })
      await symlink(isFile ? join(outside, '_locks.json') : outside, join(dir, linked))
      const place = locksFilePlace(dir)
      expect(await place.read()).toBeNull()
      await place.write('ours')
      expect(await readFile(join(outside, '_locks.json'), 'utf8')).toBe('theirs')
      expect(await readFile(join(outside, 'ACTIVE/_locks.json'), 'utf8')).toBe('theirs')
    } finally {
      await rm(outside, { recursive: true, force: true })
    }
  })
})
