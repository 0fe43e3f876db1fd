import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDocumentName, parseDocumentName, type DocumentName } from '../../protocol/document.js'
import { EnsembleError } from '../../protocol/errors.js'
import { workspacePath } from '../../protocol/paths.js'

function refusal(encoded: string): string {
  try {
    return `accepted: ${JSON.stringify(parseDocumentName(encoded))}`
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EnsembleError)
    return (thrown as EnsembleError).code
  }
}

const file = (path: string): DocumentName => ({ kind: 'file', path: workspacePath.parse(path) })

describe('the name of a document', () => {
  it.each([
    ['src/app.ts', file('src/app.ts')],
    ['a%3Fb.ts', file('a?b.ts')],
    ['a%23b%20c.ts', file('a#b c.ts')],
    ['%7Enotes', file('~notes')],
    ['%7enotes/%7E', file('~notes/~')],
    ['src/~draft', file('src/~draft')],
    ['%2525', file('%25')],
    ['%F0%9F%99%82', file('🙂')],
    ['~workspace', { kind: 'workspace' }],
    ['~context', { kind: 'context' }],
    ['~standup', { kind: 'free', name: 'standup' }],
    ['~a.b_c:d-1', { kind: 'free', name: 'a.b_c:d-1' }],
  ] satisfies [string, DocumentName][])('[DOC-1] %s is read', (encoded, name) => {
    expect(parseDocumentName(encoded)).toEqual(name)
  })

  it.each([
    '',
    '/',
    '..',
    '../x',
    '%2e%2e/x',
    '%2E%2E',
    '.%2e/x',
    'a/%2e%2e/b',
    'a%2Fb',
    '..%2Fx',
    'a/%2e%2e%2fb',
    'a%5Cb',
    'a%00b',
    '%ZZ',
    '%',
    '%ED%A0%80',
    '%C3',
    '.git/config',
    '.ensemble/token',
  ])('[DOC-1] %j is refused as a path', (encoded) => {
    expect(refusal(encoded)).toBe('E_PATH')
  })

  it.each(['~', '~~', '~/x', '~%2e%2e', '~a/b', '~a%2Fb', '~-a', '~ä', `~${'a'.repeat(129)}`])(
    '[DOC-2] %j names no document',
    (encoded) => {
      expect(['E_UNKNOWN_DOCUMENT', 'E_PATH']).toContain(refusal(encoded))
    },
  )

  it('[DOC-2] an unknown document says so', () => {
    expect(refusal('~-a')).toBe('E_UNKNOWN_DOCUMENT')
  })

  it('[DOC-1] a file that begins with ~ is written %7E, and each segment is encoded by itself', () => {
    expect(formatDocumentName(file('~notes/~a'))).toBe('%7Enotes/~a')
    expect(formatDocumentName(file('a?b/c#d e.ts'))).toBe('a%3Fb/c%23d%20e.ts')
  })

  it('[DOC-1] has one encoding for each path, which reads back as that path', () => {
    const path = fc
      .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
      .map((segments) => workspacePath.safeParse(segments.join('/')))
      .filter((parsed) => parsed.success)
      .map((parsed): DocumentName => ({ kind: 'file', path: parsed.data }))
    fc.assert(
      fc.property(path, (name) => {
        const encoded = formatDocumentName(name)
        expect(encoded).not.toMatch(/^~|[?#\s]/)
        expect(parseDocumentName(encoded)).toEqual(name)
      }),
    )
  })

  it.each([{ kind: 'workspace' }, { kind: 'context' }, { kind: 'free', name: 'a:b' }] satisfies DocumentName[])(
    '[DOC-2] $kind reads back as itself',
    (name) => {
      expect(parseDocumentName(formatDocumentName(name))).toEqual(name)
    },
  )

  it('[DOC-1] arbitrary text is read or refused with a code, never anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (encoded) => {
        expect(refusal(encoded)).toMatch(/^(?:accepted|E_PATH$|E_UNKNOWN_DOCUMENT$)/)
      }),
    )
  })
})
