import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathFault, TEMPORARY_PREFIX, workspacePath } from '../../protocol/paths.js'

const refused: readonly (readonly [path: string, fault: RegExp])[] = [
  ['', /empty/],
  ['/etc/passwd', /absolute/],
  ['/', /absolute/],
  ['..', /segment "\.\."/],
  ['../secret', /segment "\.\."/],
  ['src/../../secret', /segment "\.\."/],
  ['src/..', /segment "\.\."/],
  ['.', /segment "\."/],
  ['./src', /segment "\."/],
  ['src/./app.ts', /segment "\."/],
  ['src//app.ts', /empty segment/],
  ['src/', /empty segment/],
  ['src\\app.ts', /back-slash/],
  ['..\\secret', /back-slash/],
  ['C:\\secret', /back-slash/],
  ['a\0b', /control character/],
  ['a\nb', /control character/],
  ['a\u007fb', /control character/],
  ['\u001b[2J', /control character/],
  ['a\ud800', /Unicode/],
  ['\udc00a', /Unicode/],
]

describe('a path of the workspace', () => {
  it.each([
    'a',
    'src/app.ts',
    '...',
    '..a/b',
    'a b',
    'a?b#c%20.ts',
    '~notes',
    'ä/ö.md',
    '日本語/🙂.txt',
    '.github/x',
    'C:',
  ])('[PATH-1] %j is one, and stays as it is', (path) => {
    expect(workspacePath.parse(path)).toBe(path)
  })

  it.each(refused)('[PATH-1] %j is refused', (path, fault) => {
    expect(pathFault(path)).toMatch(fault)
    const parsed = workspacePath.safeParse(path)
    expect(parsed.error?.issues[0]?.message).toContain(`${JSON.stringify(path)} is not a path in the workspace: it`)
  })

  it('[PATH-1] whatever is accepted stays below the root, and its segments join to it again', () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '', '/', '\\', '\0', '~', '%2e%2e', '.git', 'a'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const path = segments.join('/')
        if (!workspacePath.safeParse(path).success) return
        const stack: string[] = []
        for (const part of path.split('/')) {
          if (part === '..') stack.pop()
          else if (part !== '.' && part !== '') stack.push(part)
        }
        expect(stack.join('/')).toBe(path)
        expect(path).not.toMatch(/[\0\\]/)
      }),
    )
  })

  it('[PATH-2] has at most 1,024 bytes, and 255 in a segment, as UTF-8', () => {
    const segment = 'é'.repeat(127)
    expect(pathFault(`${segment}x`)).toBeUndefined()
    expect(pathFault(`${segment}xy`)).toBe('a segment is longer than 255 bytes')
    const long = [segment, segment, segment, segment].join('/')
    expect(pathFault(`${long}/1234`)).toBe(undefined)
    expect(pathFault(`${long}/12345`)).toBe('it is longer than 1024 bytes')
  })

  it.each([
    '.git',
    '.git/config',
    'a/.git/hooks/x',
    '.ensemble/token',
    'node_modules/x',
    'a/b/node_modules',
    '.GIT/hooks',
  ])('[PATH-3] %s is never synced', (path) => {
    expect(pathFault(path)).toMatch(/is never synced/)
  })

  it.each(['.gitignore', '.ensembleignore', 'node_modules.md', 'a.git'])('[PATH-3] %s is synced', (path) => {
    expect(pathFault(path)).toBeUndefined()
  })

  it('[PATH-4] names no temporary file of the bridge', () => {
    expect(pathFault(`src/${TEMPORARY_PREFIX}1`)).toMatch(/temporary/)
  })

  it('[PATH-5] is compared code unit by code unit: case and Unicode form make another file', () => {
    expect(workspacePath.parse('README')).not.toBe(workspacePath.parse('readme'))
    expect(workspacePath.parse('\u00e9')).not.toBe(workspacePath.parse('e\u0301'))
  })

  it.each(['_locks.json', '_LOCKS.json', '.notes/ACTIVE/_locks.json', '.Notes/active/_locks.JSON'])(
    '[PATH-7] %s is refused: the server alone writes it',
    (path) => {
      expect(pathFault(path)).toMatch(/server alone/)
    },
  )

  it.each(['src/_locks.json', '_locks.json.bak', '.notes/_locks.json'])(
    '[PATH-7] %s is a path as any other',
    (path) => {
      expect(pathFault(path)).toBeUndefined()
    },
  )
})
