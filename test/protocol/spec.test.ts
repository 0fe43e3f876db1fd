/** SPEC.md is held to the code, and the tests to SPEC.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ERRORS, isErrorCode } from '../../protocol/errors.js'
import { clientMessage, isMethod, methods, serverMessage } from '../../protocol/messages.js'
import { PROTOCOL_VERSION } from '../../protocol/version.js'

const ROOT = join(import.meta.dirname, '../..')
const spec = readFileSync(join(ROOT, 'protocol/SPEC.md'), 'utf8')

interface Rule {
  readonly id: string
  readonly planned: boolean
}

const rules: readonly Rule[] = [...spec.matchAll(/^- \*\*([A-Z]+-\d+)\*\* (`planned` )?\S/gm)].map(
  ([, id, planned]) => ({
    id: id!,
    planned: planned !== undefined,
  }),
)
const nouns = [...new Set(rules.map(({ id }) => id.split('-')[0]!))]

const examples = [...spec.matchAll(/^```json (\S+)\n([\s\S]*?)^```/gm)].map(([, kind, text]) => ({
  kind: kind!,
  value: JSON.parse(text!) as unknown,
}))

function schemaOf(kind: string): z.ZodType {
  if (kind === 'clientMessage') return clientMessage
  if (kind === 'serverMessage') return serverMessage
  const method = kind.replace(/^result:/, '')
  if (kind.startsWith('result:') && isMethod(method)) return methods[method].result
  throw new Error(`SPEC.md has an example of ${kind}, which is nothing of this protocol.`)
}

function textsBelow(...folders: string[]): { readonly file: string; readonly text: string }[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => ({ file: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') })),
  )
}

/** Rules that names of tests begin with: `[WRITE-4] …`, or several as `[WRITE-4, STORE-1] …`; in tables under `says`. */
function quoted(): Set<string> {
  const lists = textsBelow('test').flatMap(({ text }) => [
    ...text.matchAll(/(?:\(\s*|\bsays: )['"`]\[([A-Z]+-\d+(?:, [A-Z]+-\d+)*)\]/g),
  ])
  return new Set(lists.flatMap(([, list]) => list!.split(', ')))
}

describe('the rules of SPEC.md', () => {
  it('are numbered from 1 in each noun, each number once', () => {
    for (const noun of nouns) {
      const numbers = rules.filter(({ id }) => id.startsWith(`${noun}-`)).map(({ id }) => Number(id.split('-')[1]))
      expect(numbers, noun).toEqual(numbers.map((_, index) => index + 1))
    }
  })

  it('hold the eighteen of sync and the twenty-two of the bridge', () => {
    expect(rules.filter(({ id }) => id.startsWith('SYNC-'))).toHaveLength(18)
    expect(rules.filter(({ id }) => id.startsWith('BRIDGE-'))).toHaveLength(22)
  })

  it('include every rule that source, tests or SPEC.md itself name', () => {
    const known = new Set(rules.map(({ id }) => id))
    const named = new RegExp(`\\b(?:${nouns.join('|')})-\\d+\\b`, 'g')
    const texts = [...textsBelow('protocol', 'server', 'client', 'dashboard', 'test'), { file: 'SPEC.md', text: spec }]
    const unknown = texts.flatMap(({ file, text }) =>
      [...text.matchAll(named)].filter(([id]) => !known.has(id)).map(([id]) => `${file}: ${id}`),
    )
    expect(unknown).toEqual([])
  })

  it('are each quoted by a test, but for those that are planned', () => {
    const found = quoted()
    const unproven = rules.filter(({ id, planned }) => !planned && !found.has(id))
    expect(unproven.map(({ id }) => id)).toEqual([])
  })

  it('are not called planned once a test quotes them', () => {
    const found = quoted()
    expect(rules.filter(({ id, planned }) => planned && found.has(id)).map(({ id }) => id)).toEqual([])
  })
})

describe('the examples of SPEC.md', () => {
  it.each(examples)('$kind: $value parse, and nothing of them is unknown', ({ kind, value }) => {
    expect(schemaOf(kind).parse(value)).toEqual(value)
    const request = z.object({ type: z.literal('request'), method: z.string(), params: z.unknown() }).safeParse(value)
    if (!request.success) return
    const { method, params } = request.data
    if (!isMethod(method)) throw new Error(`${method} is no method`)
    expect(methods[method].params.parse(params)).toEqual(params)
  })

  it('show every message and every method, asked and answered', () => {
    const shown = (kind: string, key: string): unknown[] =>
      examples.filter((example) => example.kind === kind).map(({ value }) => (value as Record<string, unknown>)[key])
    const types = (union: { options: readonly { shape: { type: { value: unknown } } }[] }): unknown[] =>
      union.options.map((option) => option.shape.type.value)
    expect(new Set(shown('clientMessage', 'type'))).toEqual(new Set(types(clientMessage)))
    expect(new Set(shown('serverMessage', 'type'))).toEqual(new Set(types(serverMessage)))
    const asked = shown('clientMessage', 'method').filter((method) => method !== undefined)
    expect(new Set(asked)).toEqual(new Set(Object.keys(methods)))
    const answered = examples.filter(({ kind }) => kind.startsWith('result:')).map(({ kind }) => kind.slice(7))
    expect(new Set(answered)).toEqual(new Set(Object.keys(methods)))
  })

  it('[MSG-2] speak this version', () => {
    expect(spec).toContain(`"protocol": ${PROTOCOL_VERSION},`)
    expect(spec.replaceAll(`"protocol": ${PROTOCOL_VERSION},`, '')).not.toMatch(/"protocol": \d/)
  })

  it('[MSG-5] parse with fields that nobody knows, which are left out', () => {
    for (const { kind, value } of examples) {
      expect(schemaOf(kind).parse({ ...(value as object), brandNew: true })).toEqual(value)
    }
  })
})

it('[SYNC-11] the table of errors in SPEC.md is that of errors.ts', () => {
  const rows = [...spec.matchAll(/^\| `(E_[A-Z_]+)` +\| (\d+) +\| (\d+) +\| (yes|no) +\| \S/gm)]
  const table = Object.fromEntries(
    rows.map(([, code, status, close, retry]) => [
      code!,
      { status: Number(status), close: Number(close), retry: retry === 'yes' },
    ]),
  )
  expect(table).toEqual(ERRORS)
  const inExamples = [...spec.matchAll(/"code": "(\w+)"/g)].map(([, code]) => code!)
  expect(inExamples.filter((code) => !isErrorCode(code))).toEqual([])
})
