import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format } from 'prettier'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { config, DEFAULT_CONFIG, parseConfig } from '../../protocol/config.js'
import { EnsembleError } from '../../protocol/errors.js'

const ROOT = join(import.meta.dirname, '../..')

function refusal(value: unknown): EnsembleError {
  try {
    parseConfig(typeof value === 'string' ? value : JSON.stringify(value))
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EnsembleError)
    return thrown as EnsembleError
  }
  throw new Error('it was accepted')
}

describe('the configuration', () => {
  it('[CONFIG-1] has a default for every field', () => {
    expect(parseConfig('{}')).toEqual(DEFAULT_CONFIG)
    expect(parseConfig('{"limits":{"fileBytes":5}}').limits).toEqual({ ...DEFAULT_CONFIG.limits, fileBytes: 5 })
  })

  it.each([
    [{ colour: 'red' }, '"colour"'],
    [{ limits: { fileByte: 5 } }, 'limits: Unrecognized key: "fileByte"'],
    [{ bridge: { auditSeconds: 'often' } }, 'bridge.auditSeconds: expected number, received string'],
    [{ limits: { fileBytes: 1.5 } }, 'limits.fileBytes: '],
    [{ limits: { fileBytes: 0 } }, 'limits.fileBytes: '],
    [{ limits: null }, 'limits: '],
    [{ agentTypes: ['CLAUDE', 'claude'] }, 'agentTypes.1: an agent type is 1–32 capitals'],
    [{ agentTypes: [] }, 'agentTypes: '],
    [[], '(top level): '],
    [
      { limits: { fileBytes: 400_000_000 } },
      'limits.messageBytes: must be at least one and a half times limits.fileBytes',
    ],
  ])('[CONFIG-2] %j is refused by the name of the field', (value, named) => {
    const error = refusal(value)
    expect(error.code).toBe('E_CONFIG')
    expect(error.message).toContain(named)
    expect(error.hint).toContain('config.schema.json')
  })

  it('[CONFIG-2] every fault is named at once', () => {
    expect(refusal({ a: 1, limits: { b: 2 }, bridge: { auditSeconds: 0 } }).data['faults']).toHaveLength(3)
  })

  it('a byte-order mark before it is no part of it', () => {
    expect(parseConfig('\uFEFF{}')).toEqual(DEFAULT_CONFIG)
  })

  it('[CONFIG-2] what is not JSON is refused', () => {
    expect(refusal('{').message).toContain('is not JSON')
    expect(refusal('').code).toBe('E_CONFIG')
  })

  it('[CONFIG-3] config.schema.json is what the code checks; vitest -u writes it', async () => {
    const schema = JSON.stringify(z.toJSONSchema(config, { io: 'input' }))
    const text = await format(schema, { parser: 'json', printWidth: 120 })
    await expect(text).toMatchFileSnapshot(join(ROOT, 'protocol/config.schema.json'))
  })

  it('[CONFIG-3] says of every field what it means', () => {
    const undescribed: string[] = []
    const visit = (path: string, schema: unknown): void => {
      const node = z
        .object({ properties: z.record(z.string(), z.unknown()).optional(), description: z.string().optional() })
        .parse(schema)
      if (node.properties === undefined && node.description === undefined) undescribed.push(path)
      for (const [name, child] of Object.entries(node.properties ?? {})) visit(`${path}.${name}`, child)
    }
    visit('', z.toJSONSchema(config, { io: 'input' }))
    expect(undescribed).toEqual([])
  })

  it('[CONFIG-3] ensemble.config.json is valid, names its schema, and shows the defaults', async () => {
    const parsed = parseConfig(await readFile(join(ROOT, 'ensemble.config.json'), 'utf8'))
    expect(parsed).toEqual({ ...DEFAULT_CONFIG, $schema: './protocol/config.schema.json' })
  })
})
