/** What every adapter of server/storage/storage.ts must do, whatever it is made of. */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { EnsembleError } from '../../protocol/errors.js'
import { MAX_KEY_BYTES, rowsUnder } from '../../server/storage/keys.js'
import type { Key, Row, Storage, Value } from '../../server/storage/storage.js'

export interface OpenedStorage {
  readonly storage: Storage
  /** The storage as a later reader finds it: the same one, or the medium opened anew. */
  readonly reread: () => Promise<Storage>
  readonly dispose: () => Promise<void>
}

/** Every call of `open` gives an empty storage. */
export function storageContract(name: string, open: () => Promise<OpenedStorage>): void {
  describe(`storage contract: ${name}`, () => {
    const opened: OpenedStorage[] = []

    async function fresh(): Promise<OpenedStorage> {
      const own = await open()
      opened.push(own)
      return own
    }

    afterEach(async () => {
      for (const own of opened.splice(0)) await own.dispose()
    })

    describe('a commit', () => {
      test('stores its rows, and a row that is not there is undefined', async () => {
        const { storage, reread } = await fresh()
        await storage.commit([{ put: ['t', 1], value: 'one' }])
        const seen = await reread()
        expect(seen.get(['t', 1])).toBe('one')
        expect(seen.get(['t', 2])).toBeUndefined()
        expect(seen.get(['t'])).toBeUndefined()
      })

      test('[STORE-3] is seen by every read since it has resolved, and by none if it was refused', async () => {
        const { storage } = await fresh()
        for (const n of numbers(20)) {
          await storage.commit([{ put: ['t', n], value: 'kept' }])
          expect(storage.get(['t', n])).toBe('kept')
          expect(rowsOf(storage, ['t']).length).toBe(n + 1)
          const refused = storage.commit([
            { put: ['t', n], value: 'refused' },
            { put: ['t', NaN], value: n },
          ])
          await expect(refused).rejects.toThrow(TypeError)
          expect(storage.get(['t', n])).toBe('kept')
        }
      })

      test('lets its rows take effect in their order', async () => {
        const { storage, reread } = await fresh()
        await storage.commit([{ put: ['t', 5], value: 'stored before' }])
        await storage.commit([
          { put: ['t', 1], value: 'put, then deleted' },
          { put: ['t', 2], value: 'put, then in a deleted range' },
          { put: ['t', 3], value: 'old' },
          { put: ['t', 9], value: 'outside of the range' },
          { delete: ['t', 1] },
          { deleteFrom: ['t', 2], to: ['t', 9] },
          { put: ['t', 3], value: 'new' },
        ])
        expect(rowsOf(await reread(), ['t'])).toEqual([
          [['t', 3], 'new'],
          [['t', 9], 'outside of the range'],
        ])
      })

      test('[STORE-5] may be repeated as it is', async () => {
        const { storage, reread } = await fresh()
        const rows: Row[] = [
          { deleteFrom: ['t', 0], to: ['t', 10] },
          { put: ['t', 3], value: { n: 3 } },
          { delete: ['t', 4] },
        ]
        await storage.commit([{ put: ['t', 4], value: 4 }])
        await storage.commit(rows)
        await storage.commit(rows)
        expect(rowsOf(await reread(), ['t'])).toEqual([[['t', 3], { n: 3 }]])
      })

      test('without rows resolves', async () => {
        const { storage } = await fresh()
        await expect(storage.commit([])).resolves.toBeUndefined()
      })

      test('that only deletes what is not there resolves', async () => {
        const { storage, reread } = await fresh()
        await storage.commit([{ delete: ['t', 1] }, { deleteFrom: ['t'], to: ['u'] }])
        expect(rowsOf(await reread(), ['t'])).toEqual([])
      })

      test('of 5,000 rows is stored whole', async () => {
        const { storage, reread } = await fresh()
        await storage.commit(numbers(5_000).map((n) => ({ put: ['t', n], value: { n } })))
        const rows = rowsOf(await reread(), ['t'])
        expect(rows.length).toBe(5_000)
        expect(rows.every(([, value], n) => isDeepStrictEqual(value, { n }))).toBe(true)
      })

      test('deletes a range of 5,000 rows', async () => {
        const { storage, reread } = await fresh()
        await storage.commit(numbers(5_000).map((n) => ({ put: ['t', n], value: n })))
        await storage.commit([{ deleteFrom: ['t', 1], to: ['t', 4_999] }])
        expect(rowsOf(await reread(), ['t'])).toEqual([
          [['t', 0], 0],
          [['t', 4_999], 4_999],
        ])
      })
    })

    describe('a refused commit', () => {
      test('[STORE-1, STORE-3] changes nothing when one key is too long, and says so with E_KEY_TOO_LONG', async () => {
        const { storage, reread } = await fresh()
        const refused = storage.commit([
          { put: ['t', 1], value: 1 },
          { put: ['t', 'x'.repeat(MAX_KEY_BYTES)], value: 2 },
        ])
        await expect(refused).rejects.toMatchObject({ code: 'E_KEY_TOO_LONG' })
        await expect(refused).rejects.toBeInstanceOf(EnsembleError)
        expect(rowsOf(await reread(), ['t'])).toEqual([])
      })

      test.each([
        ['undefined', undefined],
        ['a function', () => 1],
        ['a symbol', Symbol('s')],
        ['a promise inside an object', { inside: Promise.resolve() }],
      ])('[STORE-1, STORE-3] changes nothing when one value is %s', async (_, value) => {
        const { storage, reread } = await fresh()
        await expect(
          storage.commit([
            { put: ['t', 1], value: 1 },
            { put: ['t', 2], value },
          ]),
        ).rejects.toThrow()
        expect(rowsOf(await reread(), ['t'])).toEqual([])
      })

      test('leaves the commits before and after it alone', async () => {
        const { storage, reread } = await fresh()
        const before = storage.commit([{ put: ['t', 1], value: 1 }])
        const refused = storage.commit([{ put: ['t', NaN], value: 2 }])
        const after = storage.commit([{ put: ['t', 3], value: 3 }])
        await expect(refused).rejects.toThrow(TypeError)
        await Promise.all([before, after])
        expect(rowsOf(await reread(), ['t']).length).toBe(2)
      })
    })

    describe('commits', () => {
      test('[STORE-2] take effect in the order of their calls, also when nobody waits in between', async () => {
        const { storage, reread } = await fresh()
        const all = numbers(50).map((n) => storage.commit([{ put: ['t', 'last'], value: n }]))
        await Promise.all(all)
        expect((await reread()).get(['t', 'last'])).toBe(49)
      })

      test('[STORE-2] resolve in the order of their calls', async () => {
        const { storage } = await fresh()
        const resolved: number[] = []
        const all = numbers(20).map((n) => storage.commit([{ put: ['t', n], value: n }]).then(() => resolved.push(n)))
        await Promise.all(all)
        expect(resolved).toEqual(numbers(20))
      })

      test('delete ranges of rows of earlier commits that have not resolved yet', async () => {
        const { storage, reread } = await fresh()
        const put = storage.commit(numbers(10).map((n) => ({ put: ['t', n], value: n })))
        const cut = storage.commit([{ deleteFrom: ['t', 3], to: ['t', Infinity] }])
        await Promise.all([put, cut])
        expect(rowsOf(await reread(), ['t']).map(([key]) => key[1])).toEqual([0, 1, 2])
      })
    })

    describe('a value', () => {
      test.each(VALUES)('comes back as it was: %s', async (_, value) => {
        const { storage, reread } = await fresh()
        await storage.commit([{ put: ['t', 1], value }])
        const seen = await reread()
        expect(seen.get(['t', 1])).toStrictEqual(value)
        expect(rowsOf(seen, ['t'])).toStrictEqual([[['t', 1], value]])
      })

      test('[STORE-4] is taken over at the call of commit', async () => {
        const { storage, reread } = await fresh()
        const bytes = Uint8Array.of(1, 2, 3)
        const object = { list: [1], bytes: Uint8Array.of(1) }
        const done = storage.commit([
          { put: ['t', 'bytes'], value: bytes },
          { put: ['t', 'object'], value: object },
        ])
        bytes[0] = 9
        object.list.push(2)
        object.bytes[0] = 9
        await done
        const seen = await reread()
        expect(seen.get(['t', 'bytes'])).toStrictEqual(Uint8Array.of(1, 2, 3))
        expect(seen.get(['t', 'object'])).toStrictEqual({ list: [1], bytes: Uint8Array.of(1) })
      })

      test('[STORE-4] read is a copy: changing it changes nothing stored', async () => {
        const { storage, reread } = await fresh()
        await storage.commit([
          { put: ['t', 'bytes'], value: Uint8Array.of(1, 2, 3) },
          { put: ['t', 'object'], value: { list: [1], bytes: Uint8Array.of(1) } },
        ])
        const seen = await reread()
        for (const read of [() => seen.get(['t', 'bytes']), () => rowsOf(seen, ['t'])[0]?.[1]]) {
          const bytes = read()
          if (!(bytes instanceof Uint8Array)) throw new TypeError('expected bytes')
          bytes.fill(9)
          expect(read()).toStrictEqual(Uint8Array.of(1, 2, 3))
        }
        const object = seen.get(['t', 'object']) as { list: number[]; bytes: Uint8Array }
        object.list.push(2)
        object.bytes[0] = 9
        expect(seen.get(['t', 'object'])).toStrictEqual({ list: [1], bytes: Uint8Array.of(1) })
      })

      test('read stays as it was while other rows are read and written', async () => {
        const { storage, reread } = await fresh()
        const sizes = [1, 100, 5_000, 70_000, 3_000_000]
        const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(size % 251)
        await storage.commit(
          sizes.flatMap((size) => [
            { put: ['bare', size], value: bytes(size) },
            { put: ['inside', size], value: { bytes: bytes(size) } },
          ]),
        )
        const seen = await reread()
        const bare = sizes.map((size) => seen.get(['bare', size]))
        const inside = sizes.map((size) => seen.get(['inside', size]))
        const inRange = rowsOf(seen, ['inside']).map(([, value]) => value)
        await seen.commit(sizes.map((size) => ({ put: ['bare', size], value: new Uint8Array(size) })))
        await seen.commit(sizes.map((size) => ({ put: ['inside', size], value: { bytes: new Uint8Array(size) } })))
        for (const table of ['bare', 'inside']) for (const size of sizes) seen.get([table, size])
        for (const [i, size] of sizes.entries()) {
          expect(isDeepStrictEqual(bare[i], bytes(size))).toBe(true)
          expect(isDeepStrictEqual(inside[i], { bytes: bytes(size) })).toBe(true)
          expect(isDeepStrictEqual(inRange[i], { bytes: bytes(size) })).toBe(true)
        }
      })
    })

    describe('a key', () => {
      test('of the greatest length is stored, one byte more is refused everywhere', async () => {
        const { storage, reread } = await fresh()
        const longest: Key = ['t', 'x'.repeat(MAX_KEY_BYTES - '.t..'.length - 1)]
        const tooLong: Key = ['t', `${longest[1] ?? ''}x`]
        await storage.commit([{ put: longest, value: 'here' }])
        const seen = await reread()
        expect(seen.get(longest)).toBe('here')
        expect(rowsOf(seen, ['t'])).toEqual([[longest, 'here']])
        for (const row of [
          { put: tooLong, value: 1 },
          { delete: tooLong },
          { deleteFrom: tooLong, to: ['u'] },
          { deleteFrom: ['t'], to: tooLong },
        ] satisfies Row[]) {
          await expect(seen.commit([row])).rejects.toMatchObject({ code: 'E_KEY_TOO_LONG' })
        }
        expect(() => seen.get(tooLong)).toThrow(/the limit is 1978/)
        expect(() => [...seen.range({ from: ['t'], to: tooLong })]).toThrow(/the limit is 1978/)
      })

      test('sorts part by part: numbers by value and before strings, strings by code point, the shorter key first', async () => {
        const { storage, reread } = await fresh()
        const sorted: Key[] = [
          ['a'],
          ['t'],
          ['t', -Infinity],
          ['t', -1e300],
          ['t', -2],
          ['t', -1.5],
          ['t', 0],
          ['t', 0, 'below a number'],
          ['t', Number.MIN_VALUE],
          ['t', 1],
          ['t', 2],
          ['t', 10],
          ['t', 2 ** 53],
          ['t', Infinity],
          ['t', ''],
          ['t', '', 0],
          ['t', '', ''],
          ['t', '\0'],
          ['t', '\0\0'],
          ['t', '\u0001'],
          ['t', '10'],
          ['t', '2'],
          ['t', 'a'],
          ['t', 'a', 1],
          ['t', 'a', 'b'],
          ['t', 'a\0'],
          ['t', 'a\0', 'b'],
          ['t', 'ab'],
          ['t', 'é'],
          ['t', '\uffff'],
          ['t', '\u{10000}'],
          ['t', '😀'],
          ['t\0'],
          ['tt'],
        ]
        await storage.commit([...sorted].reverse().map((put) => ({ put, value: put })))
        const seen = await reread()
        const everything = { from: [''], to: ['\u{10ffff}'] } as const
        expect([...seen.range(everything)].map(({ key }) => key)).toEqual(sorted)
        expect([...seen.range({ ...everything, reverse: true })].map(({ key }) => key)).toEqual([...sorted].reverse())
        for (const key of sorted) expect(seen.get(key)).toEqual(key)
      })

      test('minus zero is zero', async () => {
        const { storage, reread } = await fresh()
        await storage.commit([{ put: ['t', -0], value: 'zero' }])
        const seen = await reread()
        expect(seen.get(['t', 0])).toBe('zero')
        expect(rowsOf(seen, ['t'])).toStrictEqual([[['t', 0], 'zero']])
      })
    })

    describe('a range', () => {
      const ROWS = 1_000 // several slices of an adapter that reads in slices

      async function numbered(count = ROWS): Promise<Storage> {
        const { storage, reread } = await fresh()
        await storage.commit(numbers(count).map((n) => ({ put: ['t', n], value: n })))
        await storage.commit([
          { put: ['s', 1], value: 'other table' },
          { put: ['u', 1], value: 'other table' },
        ])
        return reread()
      }

      const values = (rows: Iterable<{ readonly value: Value }>): Value[] => [...rows].map(({ value }) => value)

      test('includes its first key and excludes its last', async () => {
        const storage = await numbered()
        expect(values(storage.range({ from: ['t', 10], to: ['t', 13] }))).toEqual([10, 11, 12])
        expect(values(storage.range({ from: ['t', 10], to: ['t', 13], reverse: true }))).toEqual([12, 11, 10])
        expect(values(storage.range({ from: ['t', 9.5], to: ['t', 12.5] }))).toEqual([10, 11, 12])
        expect(values(storage.range({ from: ['t', 9.5], to: ['t', 12.5], reverse: true }))).toEqual([12, 11, 10])
      })

      test('of a table gives all its rows, in both directions', async () => {
        const storage = await numbered()
        expect(values(storage.range(rowsUnder(['t'])))).toEqual(numbers(ROWS))
        expect(values(storage.range({ ...rowsUnder(['t']), reverse: true }))).toEqual(numbers(ROWS).reverse())
      })

      test('stops at its limit', async () => {
        const storage = await numbered()
        for (const limit of [0, 1, 255, 256, 257, 600, ROWS, ROWS + 1]) {
          expect(values(storage.range({ ...rowsUnder(['t']), limit }))).toEqual(numbers(ROWS).slice(0, limit))
          const reversed = storage.range({ ...rowsUnder(['t']), limit, reverse: true })
          expect(values(reversed)).toEqual(numbers(ROWS).reverse().slice(0, limit))
        }
      })

      test('that ends where or before it begins is empty', async () => {
        const storage = await numbered()
        for (const reverse of [false, true]) {
          expect(values(storage.range({ from: ['t', 5], to: ['t', 5], reverse }))).toEqual([])
          expect(values(storage.range({ from: ['t', 6], to: ['t', 5], reverse }))).toEqual([])
          expect(values(storage.range({ ...rowsUnder(['nobody']), reverse }))).toEqual([])
        }
        await storage.commit([{ deleteFrom: ['t', 6], to: ['t', 5] }])
        expect(values(storage.range(rowsUnder(['t']))).length).toBe(ROWS)
      })

      test('of large values is complete', async () => {
        const { storage, reread } = await fresh()
        const value = (n: number): Uint8Array => new Uint8Array(400_000).fill(n)
        await storage.commit(numbers(10).map((n) => ({ put: ['t', n], value: value(n) })))
        const seen = await reread()
        for (const reverse of [false, true]) {
          const rows = [...seen.range({ ...rowsUnder(['t']), reverse })]
          const expected = reverse ? numbers(10).reverse() : numbers(10)
          expect(rows.map(({ key }) => key[1])).toEqual(expected)
          expect(rows.every((row, i) => isDeepStrictEqual(row.value, value(expected[i] ?? -1)))).toBe(true)
        }
      })

      test('can be left early, read twice at once, and does not hinder commits', async () => {
        const storage = await numbered()
        for (const { value } of storage.range(rowsUnder(['t']))) if (value === 3) break
        const next = stepper(storage.range(rowsUnder(['t'])))
        const nextBack = stepper(storage.range({ ...rowsUnder(['t']), reverse: true }))
        expect([next(), nextBack(), next()]).toEqual([0, ROWS - 1, 1])
        await storage.commit([{ put: ['t', 'later'], value: 'later' }])
        await storage.commit([{ deleteFrom: ['t', 500], to: ['t', 600] }])
        const rest: Value[] = []
        for (let value = next(); value !== undefined; value = next()) rest.push(value)
        expect(rest.slice(0, 3)).toEqual([2, 3, 4])
        expect(rest.at(-1)).toBe('later')
        expect(rest.includes(499) && rest.includes(600)).toBe(true)
      })
    })

    test('holds whatever a plain sorted list would hold, after any commits', async () => {
      const part = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, '', 'a', 'a\0', 'b', '\ud800', '😀'))
      const key = fc.array(part, { maxLength: 2 }).map((rest): Key => ['t', ...rest])
      const row = fc.oneof(
        { weight: 5, arbitrary: fc.record({ put: key, value: fc.jsonValue() }) },
        { weight: 2, arbitrary: fc.record({ delete: key }) },
        { weight: 1, arbitrary: fc.record({ deleteFrom: key, to: key }) },
      )
      const range = fc.record({ from: key, to: key, reverse: fc.boolean(), limit: fc.nat({ max: 8 }) })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 6 }),
          range,
          async (commits, options) => {
            const { storage, reread, dispose } = await open()
            try {
              let model: [Key, Value][] = []
              for (const rows of commits) {
                await storage.commit(rows)
                for (const each of rows) model = applyToModel(model, each)
              }
              const seen = await reread()
              expect(rowsOf(seen, ['t'])).toEqual(model)
              expect([...seen.range(options)].map((found) => [found.key, found.value])).toEqual(
                rangeOfModel(model, options),
              )
            } finally {
              await dispose()
            }
          },
        ),
        { numRuns: 40 },
      )
    })

    describe('closing', () => {
      test('waits for commits under way, and can be asked for twice', async () => {
        const { storage } = await fresh()
        const settled: string[] = []
        const commit = storage.commit([{ put: ['t', 1], value: 1 }]).then(() => settled.push('commit'))
        const first = storage.close().then(() => settled.push('close'))
        await Promise.all([commit, first, storage.close()])
        expect(settled).toEqual(['commit', 'close'])
      })

      test('makes later calls fail', async () => {
        const { storage } = await fresh()
        await storage.close()
        await expect(storage.commit([{ put: ['t', 1], value: 1 }])).rejects.toThrow(/closed/)
        expect(() => storage.get(['t', 1])).toThrow(/closed/)
        expect(() => [...storage.range(rowsUnder(['t']))]).toThrow(/closed/)
      })
    })
  })
}

const cyclic: Record<string, unknown> = { list: [] }
cyclic['self'] = cyclic

const VALUES: [string, Value][] = [
  ['null', null],
  ['a boolean', false],
  ['an empty string', ''],
  ['a string with a lone surrogate, NUL and emoji', 'a\0\ud800b😀\u2028'],
  ['a fraction', -1.5e-300],
  ['minus zero', -0],
  ['not a number', NaN],
  ['infinity', [Infinity, -Infinity]],
  ['bytes', Uint8Array.of(0, 1, 255)],
  ['no bytes', new Uint8Array(0)],
  ['a view into other bytes', Uint8Array.of(9, 1, 2, 9).subarray(1, 3)],
  ['a large string', 'xyz😀'.repeat(100_000)],
  [
    'long strings inside of an object',
    { at: 1, odd: ['a\0\u00ff', 'a\ud800b😀\u2028', 'é'].map((part) => part.repeat(1_001)) },
  ],
  ['a long string named __proto__', JSON.parse(`{"__proto__":"${'x'.repeat(2_000)}"}`)],
  ['an array', [1, 'two', [3], null, { four: 4 }]],
  ['an empty object and array', { object: {}, array: [] }],
  ['bytes inside of an object', { update: Uint8Array.of(1, 2), nested: [{ more: new Uint8Array(0) }] }],
  ['an undefined property', { there: undefined, list: [undefined] }],
  [
    'a date, a map and a set',
    { date: new Date(1_700_000_000_000), map: new Map([[1, { a: 1 }]]), set: new Set(['x']) },
  ],
  ['a big integer', 2n ** 80n],
  ['deep nesting', numbers(100).reduce<Value>((inner) => ({ inner }), 'core')],
  ['an object that holds itself', cyclic],
  ['a property named __proto__', JSON.parse('{"__proto__":{"polluted":true},"toString":1}')],
]

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

function rowsOf(storage: Storage, prefix: Key): [Key, Value][] {
  return [...storage.range(rowsUnder(prefix))].map(({ key, value }) => [key, value])
}

/** Reads a range row by row: the value of the next row, `undefined` at the end. */
function stepper(rows: Iterable<{ readonly value: Value }>): () => Value {
  const iterator = rows[Symbol.iterator]()
  return () => {
    const step: IteratorResult<{ readonly value: Value }, unknown> = iterator.next()
    return step.done ? undefined : step.value.value
  }
}

/** The order of keys as the port words it, without bytes. */
function compareKeys(a: Key, b: Key): number {
  for (const [i, left] of a.entries()) {
    const right = b[i]
    if (right === undefined) return 1
    if (left === right) continue
    if (typeof left === 'number') return typeof right === 'number' ? left - right : -1
    return typeof right === 'number' ? 1 : compareCodePoints(left, right)
  }
  return a.length - b.length
}

function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a, (c) => c.codePointAt(0) ?? 0)
  const right = Array.from(b, (c) => c.codePointAt(0) ?? 0)
  for (const [i, code] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (code !== other) return code - other
  }
  return left.length - right.length
}

function applyToModel(model: readonly [Key, Value][], row: Row): [Key, Value][] {
  if ('put' in row) {
    const others = model.filter(([key]) => compareKeys(key, row.put) !== 0)
    return [...others, [row.put, row.value] satisfies [Key, Value]].sort(([a], [b]) => compareKeys(a, b))
  }
  if ('delete' in row) return model.filter(([key]) => compareKeys(key, row.delete) !== 0)
  return model.filter(([key]) => compareKeys(key, row.deleteFrom) < 0 || compareKeys(key, row.to) >= 0)
}

function rangeOfModel(
  model: readonly [Key, Value][],
  { from, to, reverse, limit }: { from: Key; to: Key; reverse: boolean; limit: number },
): [Key, Value][] {
  const inside = model.filter(([key]) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0)
  return (reverse ? inside.reverse() : inside).slice(0, limit)
}
