/** `ensemble conflicts list|show|resolve|materialize`: what two wrote at one place, and what is to become of it. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { conflict as conflictSchema, shownConflict, type Conflict } from '../../../protocol/conflicts.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { fileHead, type FileContent } from '../../../protocol/files.js'
import { agentId, type AgentId } from '../../../protocol/ids.js'
import { decodeText } from '../../../protocol/text/encoding.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer, type Server } from '../find-server.js'
import { Tags } from '../live/tags.js'
import { reasonOf } from '../../bridge/node-error.js'
import { ask, getConflicts, getStatus } from '../server-api.js'
import { closedLine, conflictLines, conflictWhole, shortIds, type ConflictWords } from '../views/conflicts-view.js'
import { list } from '../words.js'
import { resolveWorkspacePath } from '../workspace-path.js'

interface Asked extends Wishes {
  readonly json?: boolean
}

export interface ListOptions extends Asked {
  readonly all?: boolean
  readonly path?: string
}

export async function listConflicts(options: ListOptions, context: Context): Promise<ExitCode> {
  const { json, all, path: typed, ...wishes } = options
  const { print } = context
  const path = typed === undefined ? undefined : await resolveWorkspacePath(typed, context.cwd)
  const server = await findServer(wishes, context)
  const known = await getConflicts(server, 'all')
  const isAsked = (conflict: Conflict): boolean =>
    (all === true || conflict.state === 'open') && (path === undefined || conflict.path === path)
  const conflicts = known.filter(isAsked)
  if (json === true) print.json({ schema: 'ensemble.conflicts/1', conflicts })
  else print.lines(conflictLines(conflicts, await wordsFor(server, known, context)))
  return EXIT.ok
}

export async function showConflict(typed: string, options: Asked, context: Context): Promise<ExitCode> {
  const { json, ...wishes } = options
  const server = await findServer(wishes, context)
  const { conflict, known } = await pick(server, typed)
  const shown = await ask(server, `/api/conflicts/${conflict.id}`, shownConflict)
  if (json === true) context.print.json({ schema: 'ensemble.conflict/1', ...shown })
  else context.print.lines(conflictWhole(shown, await wordsFor(server, known, context)))
  return EXIT.ok
}

export interface ResolveOptions extends Asked {
  readonly ours?: boolean
  readonly theirs?: boolean
  readonly both?: boolean
  readonly file?: string
  readonly as?: AgentId
}

export async function resolveConflict(typed: string, options: ResolveOptions, context: Context): Promise<ExitCode> {
  const { json, ours, theirs, both, file, as, ...wishes } = options
  const chosen = [ours === true && 'ours', theirs === true && 'theirs', both === true && 'both'].filter(Boolean)
  if (chosen.length + (file === undefined ? 0 : 1) !== 1) {
    throw new EnsembleError('E_USAGE', 'What is to stand there? Give one of --ours, --theirs, --both and --file.', {
      hint: 'See both sides first.',
      data: { try: `ensemble conflicts show ${typed}` },
    })
  }
  const body = file === undefined ? { choice: chosen[0] } : { choice: 'text', content: await contentOf(file, context) }
  return await decide(typed, 'resolve', body, { json, as, ...wishes }, context)
}

export interface MaterializeOptions extends Asked {
  readonly as?: AgentId
}

export async function materializeConflict(
  typed: string,
  options: MaterializeOptions,
  context: Context,
): Promise<ExitCode> {
  return await decide(typed, 'materialize', {}, options, context)
}

const decided = z.object({ conflict: conflictSchema, head: fileHead })

async function decide(
  typed: string,
  verb: 'resolve' | 'materialize',
  body: object,
  { json, as, ...wishes }: { readonly json?: boolean | undefined; readonly as?: AgentId | undefined } & Wishes,
  context: Context,
): Promise<ExitCode> {
  const { print } = context
  const author = as ?? authorIn(context)
  const server = await findServer(wishes, context)
  const { conflict, known } = await pick(server, typed)
  const headers = {
    'Idempotency-Key': randomUUID(),
    ...(author === undefined ? {} : { 'X-Ensemble-Agent': author }),
  }
  const done = await ask(server, `/api/conflicts/${conflict.id}/${verb}`, decided, { body, headers })
  if (json === true) {
    print.json({ schema: `ensemble.conflict-${verb === 'resolve' ? 'resolved' : 'materialized'}/1`, ...done })
    return EXIT.ok
  }
  const { nameOf, command, short } = await wordsFor(server, known, context)
  const { resolution, path } = done.conflict
  if (resolution !== undefined) print.lines([closedLine(done.conflict, resolution, nameOf)])
  else {
    print.lines([
      `Both sides stand in ${path} now, between markers. Edit it: without its markers the conflict is closed.`,
      '',
      `next  ${command} conflicts show ${short(conflict.id)}`,
    ])
  }
  return EXIT.ok
}

/** Whom a command speaks for: an agent's own programs have it in their environment. @throws EnsembleError E_USAGE */
export function authorIn({ env }: Context): AgentId | undefined {
  const given = env['ENSEMBLE_AGENT'] || undefined
  if (given === undefined) return undefined
  const parsed = agentId.safeParse(given)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_USAGE', `ENSEMBLE_AGENT is "${given}", which names no agent.`, {
    hint: 'It reads TYPE-instance, as CLAUDE-frontend.',
  })
}

/** The conflict whose id begins as it was typed. @throws EnsembleError E_NOT_FOUND, E_USAGE */
async function pick(
  server: Server,
  typed: string,
): Promise<{ readonly conflict: Conflict; readonly known: readonly Conflict[] }> {
  const known = await getConflicts(server, 'all')
  const found = known.filter(({ id }) => id === typed)
  if (found.length === 0 && typed !== '') found.push(...known.filter(({ id }) => id.startsWith(typed)))
  const [conflict, ...others] = found
  if (conflict === undefined) {
    throw new EnsembleError('E_NOT_FOUND', `There is no conflict ${typed}.`, {
      hint: 'See which there are.',
      data: { try: 'ensemble conflicts list --all' },
    })
  }
  if (others.length === 0) return { conflict, known }
  const short = shortIds(known.map(({ id }) => id))
  throw new EnsembleError(
    'E_USAGE',
    `${found.length} conflicts begin with ${typed}: ${list(found.map(({ id }) => short(id)))}.`,
    {
      hint: 'Type one more of its characters.',
    },
  )
}

async function wordsFor(server: Server, known: readonly Conflict[], context: Context): Promise<ConflictWords> {
  const tags = new Tags()
  tags.learn((await getStatus(server)).agents)
  return {
    nameOf: (author) => tags.name(author),
    short: shortIds(known.map(({ id }) => id)),
    ...{ now: context.now(), paint: context.print.paint, command: commandName(context.env) },
  }
}

/** @throws EnsembleError E_USAGE */
async function contentOf(file: string, { cwd }: Context): Promise<FileContent> {
  const bytes = await readFile(resolve(cwd, file)).catch((cause: unknown) => {
    throw new EnsembleError('E_USAGE', `${file} cannot be read: ${reasonOf(cause)}.`, {
      hint: 'Name a file that holds what is to stand there.',
      cause,
    })
  })
  const text = decodeText(bytes)
  return text === undefined ? { kind: 'binary', base64: bytes.toString('base64') } : { kind: 'text', ...text }
}
