/** Asks operations, and holds each answer to what `/api/openapi.json` promises about it. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { z } from 'zod'
import type { TestServer } from '../../../support/server.js'
import { ask, type Answer, type Asking } from '../http.js'

const described = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
})
const document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), described)) })
export type Document = z.infer<typeof document>

export interface Asker {
  readonly server: TestServer
  /** An operation by its name, at `address`; `json` is sent as such. Expects `status`. */
  readonly ask: (
    id: string,
    address: string,
    status: number,
    asking?: Omit<Asking, 'method'> & { json?: unknown },
  ) => Promise<Answer>
}

interface Listed {
  readonly path: string
  readonly method: string
  readonly statuses: readonly string[]
}

export class Contract {
  readonly operations = new Map<string, Listed>()
  /** Operation → the statuses that were seen. */
  readonly seen = new Map<string, Set<string>>()
  readonly #document: Document
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })

  constructor(given: unknown) {
    this.#document = document.parse(given)
    for (const [path, methods] of Object.entries(this.#document.paths))
      for (const [method, { operationId, responses }] of Object.entries(methods))
        this.operations.set(operationId, { path, method, statuses: Object.keys(responses) })
    this.#ajv.addSchema(closed(this.#document) as object, 'openapi')
  }

  asker(server: TestServer): Asker {
    return {
      server,
      ask: async (id, address, status, { json, ...asking } = {}) => {
        const operation = this.operations.get(id)
        if (operation === undefined) throw new Error(`${id} is no operation`)
        expect(address.split('?')[0]).toMatch(patternOf(operation.path))
        const body = json === undefined ? {} : { body: JSON.stringify(json) }
        const method = operation.method.toUpperCase()
        const answer = await ask(server, address, { ...asking, ...body, method })
        expect({ id, address, status: answer.status }, answer.text).toEqual({ id, address, status })
        this.#check(operation, answer)
        this.seen.set(id, (this.seen.get(id) ?? new Set()).add(String(status)))
        return answer
      },
    }
  }

  #check({ path, method }: Listed, answer: Answer): void {
    const status = String(answer.status)
    const response = this.#document.paths[path]?.[method]?.responses[status]
    expect(response, `${method} ${path} may answer ${status}: ${answer.text}`).toBeDefined()
    const types = Object.keys(response?.content ?? {})
    const type = answer.headers['content-type'] ?? ''
    if (types.length === 0) {
      expect(answer.bytes.length).toBe(0)
      return
    }
    const found = types.find((one) => type === one || type.startsWith(`${one};`))
    expect(found, `${type} is one of ${types.join(', ')}`).toBeDefined()
    if (!type.includes('json')) return
    const pointer = ['paths', path, method, 'responses', status, 'content', found ?? '', 'schema'].map(escaped)
    const validate = this.#ajv.compile({ $ref: `openapi#/${pointer.join('/')}` })
    validate(answer.json)
    expect(validate.errors ?? [], answer.text).toEqual([])
  }
}

const escaped = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\{path\}$/, '.*').replaceAll(/\{\w+\}/g, '[^/]+')}$`)

/** A server may say more than it promises (MSG-5); in this test it may not, so that nothing stays undescribed. */
function closed(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(closed)
  if (typeof json !== 'object' || json === null) return json
  const inside = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, closed(value)]))
  const isClosed = inside['type'] === 'object' && 'properties' in inside && !('additionalProperties' in inside)
  return isClosed ? { ...inside, additionalProperties: false } : inside
}
