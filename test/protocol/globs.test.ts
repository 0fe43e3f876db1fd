import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob, globFault } from '../../protocol/globs.js'
import { pathGlob } from '../../protocol/path-glob.js'

describe('a glob', () => {
  it.each<[string, string[], string[]]>([
    ['src/auth/**', ['src/auth/a.ts', 'src/auth/x/y/b.ts', 'src/auth'], ['src/authx/a.ts', 'src/a.ts', 'auth/a.ts']],
    ['src/*.ts', ['src/a.ts', 'src/.ts'], ['src/x/a.ts', 'a.ts', 'src/a.tsx']],
    ['**/*.test.ts', ['a.test.ts', 'x/y/a.test.ts'], ['a.ts', 'a.test.ts/b']],
    ['src/**/test/*', ['src/test/a', 'src/x/y/test/a'], ['src/test', 'src/test/x/a']],
    ['?.md', ['a.md'], ['ab.md', '.md', 'x/a.md']],
    ['{src,lib}/**/*.{ts,js}', ['src/a.ts', 'lib/x/b.js'], ['test/a.ts', 'src/a.css']],
    ['src/{a,b{1,2}}.ts', ['src/a.ts', 'src/b1.ts', 'src/b2.ts'], ['src/b.ts']],
    ['src/auth', ['src/auth', 'src/auth/a.ts', 'src/auth/x/b.ts'], ['src/authx', 'x/src/auth']],
    ['src/auth/', ['src/auth/a.ts'], ['src/a.ts']],
    ['README.md', ['README.md'], ['docs/README.md', 'readme.md']],
    ['**', ['a', 'a/b/c'], []],
    ['a+(b).[c]', ['a+(b).[c]'], ['aab.c']],
  ])('%s', (glob, taken, left) => {
    expect(globFault(glob)).toBeUndefined()
    const matches = compileGlob(glob)
    expect(taken.filter((path) => !matches(path))).toEqual([])
    expect(left.filter((path) => matches(path))).toEqual([])
  })

  it.each([
    ['', 'it is empty'],
    ['/src', 'relative'],
    ['src\\a', 'back-slash'],
    ['../a', '".."'],
    ['{a,b', 'braces'],
    ['a}', 'braces'],
    ['{a}}', 'braces'],
    ['x'.repeat(1025), 'longer'],
    ['{a,b}'.repeat(20), 'more than 64'],
  ])('refuses %j, and says why', (glob, why) => {
    expect(globFault(glob)).toContain(why)
    expect(pathGlob.safeParse(glob).error?.issues[0]?.message).toContain(why)
  })

  it('takes every path that it was made from, with stars in any place', () => {
    const segment = fc.stringMatching(/^[a-c.]{1,5}$/)
    const path = fc.array(segment, { minLength: 1, maxLength: 6 })
    const property = fc.property(path, fc.infiniteStream(fc.nat(3)), (segments, choices) => {
      const glob = segments.map((one) => {
        const [value] = choices.take(1)
        if (value === 0) return '**'
        if (value === 1) return `${one.slice(0, 1)}*`
        return value === 2 ? '?'.repeat(one.length) : one
      })
      expect(compileGlob(glob.join('/'))(segments.join('/'))).toBe(true)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('agrees with a regular expression', () => {
    const glob = fc.stringMatching(/^[ab*?/]{1,12}$/).filter((text) => globFault(text) === undefined)
    const path = fc.stringMatching(/^[ab]{1,3}(\/[ab]{1,3}){0,3}$/)
    const property = fc.property(glob, path, (text, candidate) => {
      if (!/[*?]/.test(text)) return
      const source = text
        .split('/')
        .filter((segment) => segment !== '')
        .map((segment) =>
          segment === '**' ? '(?:[^/]+/)*' : `${segment.replace(/\*+/g, '[^/]*').replace(/\?/g, '[^/]')}/`,
        )
      expect(compileGlob(text)(candidate)).toBe(new RegExp(`^${source.join('')}$`).test(`${candidate}/`))
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  it('is not slowed down by many stars', { timeout: 5_000 }, () => {
    // With going back over every star this would outlive the sun.
    expect(compileGlob(`${'a*'.repeat(100)}b`)('a'.repeat(250))).toBe(false)
    expect(compileGlob(`${'**/a/'.repeat(50)}b`)(Array(400).fill('a').join('/'))).toBe(false)
  })
})
