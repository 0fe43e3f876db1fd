/** `ensemble merge-file`: what `git merge-file` does, by our rules; and many merges at once, as data. */
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { EnsembleError } from '../../../protocol/errors.js'
import { countLines } from '../../../protocol/text/lines.js'
import { withFavour, withMarkers, type Favour, type MarkerStyle } from '../../../protocol/text/markers.js'
import type { MergeHunk, MergeResult } from '../../../protocol/text/merge3.js'
import { mergeFiles } from '../../../protocol/text/merge-files.js'
import type { Context } from '../context.js'
import { EXIT } from '../fault.js'
import { casesOf, readCases } from '../merge/cases.js'
import { readInputs, type MergeInputs, type MergeNames } from '../merge/merge-inputs.js'
import { replaceFile } from '../merge/replace-file.js'
import { reasonOf } from '../../bridge/node-error.js'

export interface MergeFileOptions {
  readonly stdout?: boolean
  readonly json?: boolean
  /** Up to three, for ours, base and theirs. */
  readonly label?: readonly string[]
  readonly diff3?: boolean
  readonly zdiff3?: boolean
  readonly ours?: boolean
  readonly theirs?: boolean
  readonly union?: boolean
  readonly markerSize?: number
  /** What the file is called in messages. */
  readonly path?: string
  readonly batch?: string
}

/** More conflicts than this end with this: what lies above says that there was no merge. As in git. */
const MAX_EXIT = 127

/** Returns the number of conflicts, at most 127. */
export async function mergeFile(
  files: readonly string[],
  options: MergeFileOptions,
  context: Context,
): Promise<number> {
  if (options.batch !== undefined) {
    if (files.length > 0) throw usage('--batch takes its texts from the cases: no files are named besides.')
    return await mergeBatch(options.batch, context)
  }
  const [ours, base, theirs] = files
  if (ours === undefined || base === undefined || theirs === undefined) {
    throw usage(`Three files were expected, CURRENT BASE OTHER, not ${files.length}.`)
  }
  if ((options.label?.length ?? 0) > 3) throw usage('There are three labels at most: for CURRENT, BASE and OTHER.')
  return await mergeOne({ ours, base, theirs }, options, context)
}

async function mergeOne(names: MergeNames, options: MergeFileOptions, context: Context): Promise<number> {
  const { print, cwd, stdout } = context
  const at = (name: string): string => resolve(cwd, name)
  const inputs = await readInputs(names, at)
  // Words of bytes in an unknown encoding are none.
  const merge = mergeFiles(inputs.texts, { tokens: inputs.encoding === 'utf8' })
  const render = renderer(names, options)
  const favoured = favourOf(options) !== undefined
  const conflicts = favoured ? 0 : merge.conflicts
  const output = bytesOf(merge.toFile(render(merge)), inputs)
  const isWritten = options.stdout !== true
  if (isWritten) await writeCurrent(at(names.ours), names.ours, output, bytesOf(inputs.texts.ours, inputs))
  if (options.json === true) {
    const { text, hunks } = merge
    print.json({ schema: 'ensemble.merge/1', conflicts, text, hunks, marked: render(merge), written: isWritten })
  } else if (!isWritten) await put(stdout, output)
  for (const line of notes(merge, render, options.path ?? names.ours)) print.say(line)
  return Math.min(conflicts, MAX_EXIT)
}

type Render = (merge: MergeResult) => string

function renderer(names: MergeNames, options: MergeFileOptions): Render {
  const { label = [], markerSize } = options
  const favour = favourOf(options)
  if (favour !== undefined) return (merge) => withFavour(merge, favour)
  const style: MarkerStyle = options.zdiff3 === true ? 'zdiff3' : options.diff3 === true ? 'diff3' : 'merge'
  const labels = { ours: label[0] ?? names.ours, base: label[1] ?? names.base, theirs: label[2] ?? names.theirs }
  return (merge) => withMarkers(merge, { style, labels, ...(markerSize === undefined ? {} : { size: markerSize }) })
}

function favourOf({ ours, theirs, union }: MergeFileOptions): Favour | undefined {
  if (ours === true) return 'ours'
  if (theirs === true) return 'theirs'
  return union === true ? 'union' : undefined
}

async function writeCurrent(path: string, name: string, output: Uint8Array, before: Uint8Array): Promise<void> {
  if (Buffer.compare(output, before) === 0) return
  await replaceFile(path, output).catch((cause: unknown) => {
    throw new EnsembleError('E_NOT_FOUND', `Could not write ${name}: ${reasonOf(cause)}.`, {
      hint: 'It is as it was.',
      cause,
    })
  })
}

const CLASSES = {
  insertions: 'both sides put something here; both stay',
  adjacent: 'both sides changed lines that touch',
  tokens: 'both sides changed different words of a line',
} as const

/** What is merged here and a conflict to git is worth a look. */
function notes(merge: MergeResult, render: Render, name: string): string[] {
  return merge.hunks.flatMap((hunk, index) => {
    if (hunk.kind !== 'soft') return []
    const lines = hunk.text.toLine - hunk.text.fromLine
    const first = 1 + linesBefore(merge, hunk, index, render)
    return [`${name}:${first}${lines > 1 ? `-${first + lines - 1}` : ''}: ${CLASSES[hunk.reason]}`]
  })
}

/** Markers take lines of their own. */
function linesBefore(merge: MergeResult, hunk: MergeHunk, index: number, render: Render): number {
  if (merge.conflicts === 0) return hunk.text.fromLine
  const before = { ...merge, text: merge.text.slice(0, hunk.text.from), hunks: merge.hunks.slice(0, index) }
  return countLines(render(before))
}

async function mergeBatch(file: string, { cwd, stdin, stdout }: Context): Promise<number> {
  const cases = file === '-' ? casesOf(stdin, 'standard input') : readCases(resolve(cwd, file), file)
  for await (const { id, base, ours, theirs } of cases) {
    const { conflicts, text, hunks, toFile } = mergeFiles({ base, ours, theirs })
    await put(stdout, `${JSON.stringify({ id, conflicts, text: toFile(text), hunks })}\n`)
  }
  return EXIT.ok
}

function bytesOf(text: string, { encoding }: MergeInputs): Uint8Array {
  return Buffer.from(text, encoding)
}

async function put(stdout: Writable, piece: string | Uint8Array): Promise<void> {
  if (!stdout.write(piece)) await once(stdout, 'drain')
}

function usage(message: string): EnsembleError {
  return new EnsembleError('E_USAGE', message, { data: { try: 'ensemble merge-file --help' } })
}
