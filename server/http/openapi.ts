/** OpenAPI 3.1, made from the operations: what they are checked by is what it tells. */
import { z } from 'zod'
import { agent } from '../../protocol/agents.js'
import { conflict } from '../../protocol/conflicts.js'
import { ERRORS, type ErrorCode } from '../../protocol/errors.js'
import { workspaceEvent } from '../../protocol/events.js'
import { fileContent, fileHead } from '../../protocol/files.js'
import { problem } from '../../protocol/messages.js'
import { task } from '../../protocol/tasks.js'
import { bytes, mayLook, route, type Operation, type Route } from './operation.js'

type Json = Readonly<Record<string, unknown>>

/** RFC 9457, with ours in it. A refused write says its outcome, too. */
const httpProblem = problem
  .omit({ message: true })
  .extend({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
  .loose()

/** Schemas with a name of their own, for whoever makes types from the description. */
const NAMED = z.registry<{ id: string }>()
for (const [id, schema] of Object.entries({
  Agent: agent,
  Conflict: conflict,
  Event: workspaceEvent,
  FileContent: fileContent,
  FileHead: fileHead,
  Problem: httpProblem,
  Task: task,
}))
  NAMED.add(schema, { id })

const EVERY: readonly ErrorCode[] = [
  'E_BAD_REQUEST',
  'E_AGENT_TYPE',
  'E_UNAUTHORIZED',
  'E_FORBIDDEN_HOST',
  'E_FORBIDDEN_ORIGIN',
  'E_INTERNAL',
]
const EVERY_WRITE: readonly ErrorCode[] = [
  'E_LIMIT',
  'E_STORAGE_DEGRADED',
  'E_STORAGE_FULL',
  'E_STORAGE_DAMAGED',
  'E_STOPPING',
  'E_TOO_LARGE',
]
const WRITE_HEADERS = {
  'X-Ensemble-Agent': 'Who asks, as CLAUDE-frontend; without it a person, PEER.',
  'Idempotency-Key':
    'Names the request: sent again, it is answered as the first time. Up to 128 letters, digits, "-", "_".',
}

/** Every error that an operation may answer with. */
export function errorsOf(operation: Operation): ReadonlySet<ErrorCode> {
  const { errors = [], writes = false } = operation
  const refused: readonly ErrorCode[] = mayLook(operation) ? [] : ['E_READ_ONLY']
  return new Set([...EVERY, ...refused, ...(writes ? EVERY_WRITE : []), ...errors])
}

export function openapiRoute(routes: readonly Route[], version: string): Route {
  let document: Record<string, unknown> | undefined
  const own: Route = route(
    {
      ...{ id: 'getOpenapi', method: 'get', path: '/api/openapi.json' },
      summary: 'This description.',
      asks: {},
      answer: z.record(z.string(), z.unknown()),
    },
    () => (document ??= openapi([...routes, own], version)),
  )
  return own
}

function openapi(routes: readonly Route[], version: string): Record<string, unknown> {
  const schemas: Record<string, unknown> = {}
  const toJson = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io, metadata: NAMED, override: open })
    Object.assign(schemas, moved($defs))
    return moved(json)
  }
  const paths: Record<string, Record<string, Json>> = {}
  for (const { operation } of routes) (paths[operation.path] ??= {})[operation.method] = described(operation, toJson)
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: 'Ensemble', version, license: { name: 'MIT', identifier: 'MIT' } },
      description: 'The realtime workspace between AI coding agents. The rules behind it stand in protocol/SPEC.md.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token stands in .ensemble/token of the workspace.' },
      },
    },
  }
}

type ToJson = (schema: z.ZodType, io: 'input' | 'output') => Json

function described(operation: Operation, toJson: ToJson): Json {
  const { id, summary, asks, answer, media = [], statuses = [200], writes = false, headers = {} } = operation
  const security = operation.open === true ? { security: [] } : {}
  const { params, query, body } = asks
  const inHeader = Object.entries({ ...headers, ...(writes ? WRITE_HEADERS : {}) })
  const parameters = [
    ...fields(params, 'path', toJson),
    ...fields(query, 'query', toJson),
    ...inHeader.map(([name, description]) => ({ name, in: 'header', description, schema: { type: 'string' } })),
  ]
  const content = {
    ...(answer === undefined ? {} : { 'application/json': { schema: toJson(answer, 'output') } }),
    ...Object.fromEntries(media.map((type) => [type, {}])),
  }
  const answers = statuses.map((status): [number, Json] => [
    status,
    status === 204 || status === 304 ? { description: 'Nothing.' } : { description: 'Done.', content },
  ])
  return {
    operationId: id,
    summary,
    ...security,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: body !== bytes, content: bodyContent(body, toJson) } }),
    responses: Object.fromEntries([...answers, ...problemsOf(operation, toJson)]),
  }
}

function fields(schema: z.ZodType | undefined, where: 'path' | 'query', toJson: ToJson): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = z
    .object({ properties: z.record(z.string(), z.unknown()).optional(), required: z.array(z.string()).optional() })
    .parse(toJson(schema, 'input'))
  return Object.entries(properties).map(([name, json]) => ({
    ...{ name, in: where, required: required.includes(name), schema: json },
    ...(where === 'path' && name === 'path' ? { description: 'Relative to the workspace, with its slashes.' } : {}),
  }))
}

function bodyContent(body: z.ZodType, toJson: ToJson): Json {
  return body === bytes ? { 'application/octet-stream': {} } : { 'application/json': { schema: toJson(body, 'input') } }
}

function problemsOf(operation: Operation, toJson: ToJson): [number, Json][] {
  const errors = [...errorsOf(operation)]
  return [...new Set(errors.map((code) => ERRORS[code].status))].map((status) => {
    const codes = errors.filter((code) => ERRORS[code].status === status)
    const schema = { allOf: [toJson(httpProblem, 'output'), { properties: { code: { enum: codes } } }] }
    return [status, { description: codes.join(', '), content: { 'application/problem+json': { schema } } }]
  })
}

/** Whoever reads may be told more by a newer server (rule MSG-5). */
function open({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

/** References lead to where OpenAPI keeps schemas. */
function moved(json: unknown): Json {
  const text = JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
}
