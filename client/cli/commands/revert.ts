/** `ensemble revert` and `undo`: take text back, and say what that did and how to go on. */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { EnsembleError } from '../../../protocol/errors.js'
import { revertResult, type RevertedFile, type RevertResult, type RevertTarget } from '../../../protocol/history.js'
import type { AgentId, Author } from '../../../protocol/ids.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import type { Since } from '../options.js'
import { getVersion } from '../history-api.js'
import { ask, type ServerAddress } from '../server-api.js'
import { authorName, revertedLines } from '../views/history-view.js'
import { count, quoted } from '../words.js'
import { resolveWorkspacePath } from '../workspace-path.js'
import { authorIn } from './conflicts.js'

export interface UndoOptions extends Wishes {
  readonly as?: AgentId
  readonly dryRun?: boolean
  readonly json?: boolean
}

export interface RevertOptions extends UndoOptions {
  readonly agent: Author
  readonly since?: Since
  readonly yes?: boolean
}

/** More files than these are not changed unasked. */
const UNASKED = 20
/** A workspace may take a while. In milliseconds. */
const PATIENCE = 10 * 60_000

export async function revertAgent(
  typed: string | undefined,
  options: RevertOptions,
  context: Context,
): Promise<ExitCode> {
  const { agent, since, yes, ...common } = options
  const path = typed === undefined ? null : await resolveWorkspacePath(typed, context.cwd)
  if (path === null && since?.kind === 'rev') {
    throw new EnsembleError('E_USAGE', 'Revisions are counted for each file: --since with a revision needs a path.', {
      hint: 'Give a time, as 10m or 2026-01-31T09:00, or name the file.',
    })
  }
  const target: RevertTarget = { kind: 'author', author: agent, path, since: wireSince(since, context.now()) }
  const asker = await askerOf(common, context)
  if (path === null && common.dryRun !== true && yes !== true) await confirm(asker, target, agent, context)
  const result = await post(asker, target, common.dryRun === true)
  const words = `what ${authorName(agent)} wrote`
  return show(result, words, common, context, path === null ? 'revert' : { typed: typed ?? path })
}

/** The caller's own last revision; with a path and nobody named, the last one there. */
export async function undoLast(typed: string | undefined, options: UndoOptions, context: Context): Promise<ExitCode> {
  const path = typed === undefined ? null : await resolveWorkspacePath(typed, context.cwd)
  const asker = await askerOf(options, context)
  const { author } = asker
  if (author === undefined && path === null) {
    throw new EnsembleError('E_USAGE', 'Whose last revision is to be undone?', {
      hint: 'Name a file, or who you are with --as, as CLAUDE-frontend (else ENSEMBLE_AGENT).',
      data: { try: 'ensemble undo src/app.ts' },
    })
  }
  const { files } = await post(asker, { kind: 'last', author: author ?? null, path }, true)
  const [found] = files
  if (found === undefined) throw new EnsembleError('E_NOT_FOUND', 'There is nothing to undo.')
  const target: RevertTarget = { kind: 'revision', path: found.path, rev: found.newest }
  const result = await post(asker, target, options.dryRun === true)
  if (result.files.every(({ outcome }) => outcome === 'nothing')) await refuseRename(asker, found)
  return show(result, `revision ${found.newest} of ${found.path}`, options, context, { typed: typed ?? found.path })
}

/** @throws EnsembleError E_NOT_FOUND: the revision is a rename that could not be taken back */
async function refuseRename({ server }: Asker, { path, newest: rev }: RevertedFile): Promise<void> {
  const { entry } = await getVersion(server, { path, rev })
  if (entry.change !== 'renamed') return
  const before = await getVersion(server, { path, rev: rev - 1 })
  throw new EnsembleError(
    'E_NOT_FOUND',
    `Revision ${rev} renamed ${before.entry.path}; that name is not free, or the file was renamed again since.`,
    { hint: 'Rename it in any folder; its history goes along.' },
  )
}

interface Asker {
  readonly server: ServerAddress
  readonly author: AgentId | undefined
}

async function askerOf({ as, url, tokenFile }: UndoOptions, context: Context): Promise<Asker> {
  const author = as ?? authorIn(context)
  return { server: await findServer({ url, tokenFile }, context), author }
}

async function post({ server, author }: Asker, target: RevertTarget, dryRun: boolean): Promise<RevertResult> {
  const headers = { 'Idempotency-Key': randomUUID(), ...(author === undefined ? {} : { 'X-Ensemble-Agent': author }) }
  return await ask(server, '/api/revert', revertResult, { body: { target, dryRun }, headers, patience: PATIENCE })
}

/** @throws EnsembleError E_USAGE: nobody can be asked, or who was asked said no */
async function confirm(
  asker: Asker,
  target: RevertTarget,
  agent: Author,
  { allowsInput, stdin, stdout, print }: Context,
): Promise<void> {
  const { files } = await post(asker, target, true)
  if (files.length <= UNASKED) return
  if (!allowsInput || stdin.isTTY !== true) {
    throw new EnsembleError('E_USAGE', `This would change ${count(files.length, 'file')}, and nobody can be asked.`, {
      hint: 'Look with --dry-run, then say --yes.',
      data: { files: files.length },
    })
  }
  print.lines(revertedLines(files, { dryRun: true, what: `what ${authorName(agent)} wrote` }, print.paint))
  const reader = createInterface({ input: stdin, output: stdout })
  const answer = await reader.question(`Revert these ${count(files.length, 'file')}? [y/N] `)
  reader.close()
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new EnsembleError('E_USAGE', 'Nothing was changed.')
}

function show(
  { files, dryRun }: RevertResult,
  what: string,
  { json, as }: UndoOptions,
  { print, env }: Context,
  way: 'revert' | { readonly typed: string },
): ExitCode {
  const held = files.reduce((sum, file) => sum + file.held, 0)
  if (json === true) print.json({ schema: 'ensemble.reverted/1', dryRun, files })
  else {
    const changed = files.filter(({ outcome }) => outcome !== 'nothing')
    print.lines(
      changed.length === 0
        ? [`Nothing stands any more of ${what}.`]
        : revertedLines(changed, { dryRun, what }, print.paint),
    )
    if (changed.length > 0) print.lines(['', `next  ${nextOf(changed, dryRun, held, way, commandName(env), as)}`])
  }
  return held > 0 && !dryRun ? EXIT.refused : EXIT.ok
}

function nextOf(
  files: readonly RevertedFile[],
  dryRun: boolean,
  held: number,
  way: 'revert' | { readonly typed: string },
  command: string,
  as: AgentId | undefined,
): string {
  if (dryRun) return 'the same without --dry-run'
  if (held > 0) return `${command} conflicts`
  const path = way === 'revert' ? files[0]?.path : way.typed
  return `${command} undo ${quoted(path ?? '')}${as === undefined ? '' : ` --as ${as}`}   (brings it back)`
}

function wireSince(since: Since | undefined, now: number): { time: number } | { rev: number } | null {
  switch (since?.kind) {
    case undefined:
      return null
    case 'rev':
      return { rev: since.rev }
    case 'time':
      return { time: since.time }
    case 'ago':
      return { time: Math.max(0, now - since.milliseconds) }
  }
}
