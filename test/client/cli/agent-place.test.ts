import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { giveBack, isInside, judgePlace, takePlace, type PlaceFacts } from '../../../client/cli/agent-place.js'

function facts(overrides: Partial<PlaceFacts> = {}): PlaceFacts {
  const place = '/home/me/copy-a'
  return {
    ...{ dir: place, real: place, found: { kind: 'folder' }, above: undefined, server: undefined },
    workspace: '/home/me/project',
    ...overrides,
  }
}

const refused = (message: RegExp): Error =>
  expect.objectContaining({ code: 'E_WORKSPACE', message: expect.stringMatching(message) as string }) as Error

describe('a folder for an agent', () => {
  it('is used where it is one, and made where only its last part is missing', () => {
    expect(judgePlace(facts())).toBe('use')
    expect(judgePlace(facts({ found: { kind: 'missing', hasParent: true } }))).toBe('create')
  })

  it.each<[string, Partial<PlaceFacts>, RegExp]>([
    [
      'the folder above it is missing as well',
      { found: { kind: 'missing', hasParent: false } },
      /^Neither .* nor the folder above it/,
    ],
    ['it is a file', { found: { kind: 'file' } }, /is a file; an agent needs a folder/],
    [
      'it cannot be read',
      { found: { kind: 'unusable', reason: 'its disk is read-only' } },
      /cannot be used: its disk is read-only/,
    ],
    ['it is the workspace itself', { real: '/home/me/project' }, /is the workspace that the server serves/],
    [
      'another server has it as its workspace',
      { server: { pid: 7 } },
      /is the workspace that a server \(process 7\) serves/,
    ],
    ['it lies inside the workspace', { real: '/home/me/project/a/b' }, /lies inside the workspace/],
    ['it contains the workspace', { real: '/home/me' }, /contains the workspace/],
    ['it lies inside another agent’s folder', { above: '/home/me/copy-b' }, /lies inside \/home\/me\/copy-b/],
  ])('is refused where %s', (_, given, message) => {
    expect(() => judgePlace(facts(given))).toThrow(refused(message))
  })

  it('may have a name that begins as the workspace’s does', () => {
    expect(judgePlace(facts({ real: '/home/me/project-frontend' }))).toBe('use')
    expect(isInside('/a/..b', '/a')).toBe(true)
    expect(isInside('/ab', '/a')).toBe(false)
    expect(isInside('/a', '/a')).toBe(false)
  })
})

describe('on disk', () => {
  let dir: string
  beforeEach(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-place-')))
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('a missing folder is made, and nothing is made where it is refused', async () => {
    expect(await takePlace(join(dir, 'copy'), null)).toEqual({ real: join(dir, 'copy'), isNew: true })
    expect(await takePlace(join(dir, 'copy'), null)).toEqual({ real: join(dir, 'copy'), isNew: false })
    await expect(takePlace(join(dir, 'copy', 'deep'), join(dir, 'copy'))).rejects.toThrow(
      refused(/lies inside the workspace/),
    )
    await expect(takePlace(join(dir, 'no', 'copy'), null)).rejects.toThrow(refused(/^Neither/))
    expect(await readdir(dir, { recursive: true })).toEqual(['copy'])
  })

  it('a link is followed before folders are compared', async () => {
    await mkdir(join(dir, 'project', 'src'), { recursive: true })
    await symlink(join(dir, 'project', 'src'), join(dir, 'link'))
    await symlink(join(dir, 'project'), join(dir, 'other-name'))
    await expect(takePlace(join(dir, 'link'), join(dir, 'other-name'))).rejects.toThrow(
      refused(/lies inside the workspace/),
    )
  })

  it('a file, a path through a file, and a link in circles are refused', async () => {
    await writeFile(join(dir, 'file'), '')
    await symlink(join(dir, 'circle'), join(dir, 'circle'))
    await expect(takePlace(join(dir, 'file'), null)).rejects.toThrow(refused(/is a file/))
    await expect(takePlace(join(dir, 'file', 'x'), null)).rejects.toThrow(refused(/^Neither/))
    await expect(takePlace(join(dir, 'circle'), null)).rejects.toThrow(refused(/leads in circles/))
  })

  it('a folder inside one that Ensemble uses is refused', async () => {
    await mkdir(join(dir, 'copy', '.ensemble'), { recursive: true })
    await mkdir(join(dir, 'copy', 'src', 'deep'), { recursive: true })
    await expect(takePlace(join(dir, 'copy', 'src', 'deep'), null)).rejects.toThrow(
      refused(/which Ensemble already uses/),
    )
  })

  it('a folder that was made for nothing is taken back, unless it holds something', async () => {
    for (const name of ['empty', 'full']) await mkdir(join(dir, name, '.ensemble'), { recursive: true })
    await writeFile(join(dir, 'full', 'mine.txt'), '')
    for (const name of ['empty', 'full']) await giveBack(join(dir, name))
    expect((await readdir(dir, { recursive: true })).sort()).toEqual(['full', 'full/mine.txt'])
  })
})
