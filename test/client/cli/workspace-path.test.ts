import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveWorkspacePath, splitRevision } from '../../../client/cli/workspace-path.js'

let root = ''
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-path-')))
  await mkdir(join(root, 'project', '.ensemble'), { recursive: true })
  await mkdir(join(root, 'project', 'src'), { recursive: true })
})
afterAll(() => rm(root, { recursive: true, force: true }))

describe('a path that was typed', () => {
  it.each([
    ['', 'src/a.ts', 'src/a.ts'],
    ['', './src/a.ts', 'src/a.ts'],
    ['project', 'src/a.ts', 'src/a.ts'],
    ['project/src', 'a.ts', 'src/a.ts'],
    ['project/src', '../b.ts', 'b.ts'],
  ])('in %s, %s is %s', async (cwd, typed, path) => {
    expect(await resolveWorkspacePath(typed, join(root, cwd))).toBe(path)
  })

  it('may be absolute, within the workspace', async () => {
    expect(await resolveWorkspacePath(join(root, 'project/src/a.ts'), join(root, 'project/src'))).toBe('src/a.ts')
  })

  it.each([
    ['project/src', '../../a.ts', 'outside of the workspace'],
    ['project', '/etc/passwd', 'outside of the workspace'],
    ['', '/etc/passwd', 'outside of the workspace'],
    ['', '../a.ts', 'a segment ".."'],
    ['project', '.git/config', 'never synced'],
    ['project', '.', 'empty'],
  ])('in %s, %s is refused: %s', async (cwd, typed, why) => {
    await expect(resolveWorkspacePath(typed, join(root, cwd))).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(why) as unknown,
    })
  })

  it.each([
    ['src/a.ts@7', 'src/a.ts', 7],
    ['src/a.ts', 'src/a.ts', undefined],
    ['a@b.ts', 'a@b.ts', undefined],
    ['a@2@5', 'a@2', 5],
    ['@7', '@7', undefined],
  ])('%s is %s at %s', (typed, path, rev) => {
    expect(splitRevision(typed)).toEqual({ path, rev })
  })

  it('revision 0 is refused', () => {
    expect(() => splitRevision('src/a.ts@0')).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })
})
