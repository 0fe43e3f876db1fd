/**
 * What agents and people say to each other: the events that anyone may publish. Their data is strict: a field that nobody
 * knows is refused, so that nothing of what was said is dropped unseen.
 */
import { z } from 'zod'
import { EnsembleError } from './errors.js'
import { faultsOf } from './faults.js'
import { taskId } from './ids.js'
import { revision } from './files.js'
import { workspacePath } from './paths.js'

/** A name that its giver chose: of a plan, a review, a finding. */
const name = z.string().min(1).max(128)
const words = z.string().min(1).max(10_000)
const line = z.int().positive()
const files = z.array(workspacePath).min(1).max(1_000)

export const reviewFinding = z.strictObject({
  /** What it is about: security, performance, style … */
  type: z.string().min(1).max(64),
  /** Default: the one file of the review. */
  file: workspacePath.optional(),
  line: line.optional(),
  msg: words,
  severity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
})
export type ReviewFinding = z.infer<typeof reviewFinding>

/** `review_id` names a review through all its events; without one, the files do. */
const review = { review_id: name.optional(), files: files.optional() }
/** A repair of what a review found, or of anything else. */
const fix = { file: workspacePath, line: line.optional(), review_id: name.optional() }

export const agentEventData = {
  /** Anything, to everybody, a role or an agent. */
  broadcast: z.record(z.string().max(128), z.json()),
  'plan:proposed': z.strictObject({
    plan_id: name,
    title: z.string().min(1).max(200),
    task_id: taskId.optional(),
    text: words.optional(),
    steps: z
      .array(z.strictObject({ title: words, assignee: name.optional(), paths: files.optional() }))
      .max(200)
      .optional(),
  }),
  'plan:acknowledged': z.strictObject({ plan_id: name, note: words.optional() }),
  'plan:approved': z.strictObject({ plan_id: name, note: words.optional() }),
  /** Without `plan_id`: of the plan that was proposed last. */
  'plan:amendment': z.strictObject({ plan_id: name.optional(), suggestion: words, reason: words }),
  'code:writing': z.strictObject({ file: workspacePath, symbol: name.optional(), note: words.optional() }),
  'code:written': z.strictObject({
    file: workspacePath,
    symbol: name.optional(),
    rev: revision.optional(),
    note: words.optional(),
  }),
  'review:requested': z.strictObject({
    review_id: name.optional(),
    files,
    task_id: taskId.optional(),
    /** What to look for: security, performance, style … */
    kinds: z.array(z.string().min(1).max(64)).max(20).optional(),
    note: words.optional(),
  }),
  'review:in_progress': z.strictObject(review),
  'review:completed': z.strictObject({
    ...review,
    status: z.enum(['APPROVED', 'CHANGES_REQUESTED']),
    findings: z.array(reviewFinding).max(1_000),
    note: words.optional(),
  }),
  'fix:suggested': z.strictObject({ ...fix, suggestion: words }),
  'fix:in_progress': z.strictObject(fix),
  'fix:applied': z.strictObject({ ...fix, rev: revision.optional(), note: words.optional() }),
} as const
export type AgentEventType = keyof typeof agentEventData
export type AgentEventData = z.infer<(typeof agentEventData)[AgentEventType]>

export function isAgentEventType(type: string): type is AgentEventType {
  return Object.hasOwn(agentEventData, type)
}

/** Of the data of one event, as JSON. */
const MOST_BYTES = 64 * 1024
/** Arrays and objects in each other. */
const MOST_LEVELS = 32

/**
 * The data of an event that someone wants to publish, checked.
 * @throws EnsembleError E_BAD_REQUEST: the type is none, or the server's own, or the data are not of its schema, each fault by name;
 *   E_TOO_LARGE
 */
export function parseAgentEvent(
  type: string,
  data: unknown,
): { readonly type: AgentEventType; readonly data: AgentEventData } {
  const types = Object.keys(agentEventData)
  if (!isAgentEventType(type)) {
    throw new EnsembleError('E_BAD_REQUEST', `${JSON.stringify(type)} is no type of event that can be published.`, {
      hint: `There are ${types.join(', ')}.`,
      data: { type, types },
    })
  }
  if (isDeeper(data, MOST_LEVELS)) {
    throw new EnsembleError('E_TOO_LARGE', `The data of an event may be nested ${MOST_LEVELS} levels deep, not more.`)
  }
  const bytes = new TextEncoder().encode(JSON.stringify(data)).length
  if (bytes > MOST_BYTES) {
    throw new EnsembleError('E_TOO_LARGE', `The data of an event may have ${MOST_BYTES} bytes; these have ${bytes}.`, {
      hint: 'Write it into a file, and publish its path.',
    })
  }
  const parsed = agentEventData[type].safeParse(data)
  if (parsed.success) return { type, data: parsed.data }
  const faults = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }))
  throw new EnsembleError('E_BAD_REQUEST', `The data of ${type} are not valid. ${faultsOf(parsed.error).join('; ')}`, {
    hint: type === 'broadcast' ? 'They are one JSON object.' : `Its fields are ${fieldsOf(agentEventData[type])}.`,
    data: { type, faults },
  })
}

/** `status, findings, files?` */
function fieldsOf({ shape }: { readonly shape: Readonly<Record<string, z.ZodType>> }): string {
  const names = Object.entries(shape).map(([name, schema]) => (schema.safeParse(undefined).success ? `${name}?` : name))
  return names.join(', ')
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
