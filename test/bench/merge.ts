/**
 * `npm run bench:merge -- [CASES.jsonl[.gz] | --git DIR] [--write]`: merges what people merged, here and with git, and
 * measures how long merging takes. `--write` puts the figures into test/bench/RESULTS.md.
 *
 * CASES holds lines {id, base, ours, theirs, result}; `--git` takes the merges of a repository on this machine instead.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { readCases } from '../../client/cli/merge/cases.js'
import { EnsembleError } from '../../protocol/errors.js'
import { openGitMergeFile } from '../support/git-merge-file.js'
import { circumstances, machine, markdown, verdict, type Section } from './figures.js'
import { readHistory } from './merge-history.js'
import { compare, type Comparison, type Score, type TriedMerge } from './merge-score.js'
import { mergeLoop } from './merge-loop.js'
import { mergeGrowth, mergeTimings } from './merge-timing.js'
import { withSections } from './results.js'

const USAGE = 'npm run bench:merge -- [CASES.jsonl[.gz] | --git DIR] [--write]\n'

function readArguments(): { readonly cases: string | undefined; readonly git: string | undefined; write: boolean } {
  const { values, positionals } = parseArgs({
    options: { git: { type: 'string' }, write: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [cases, ...rest] = positionals
  if (rest.length > 0 || (cases !== undefined && values.git !== undefined)) {
    throw new EnsembleError('E_USAGE', 'Either a file of cases or --git was expected, one of them.')
  }
  return { cases, git: values.git, write: values.write }
}

async function quality(cases: string | undefined, git: string | undefined): Promise<Section[]> {
  if (cases !== undefined) {
    const all: TriedMerge[] = []
    for await (const one of readCases(cases)) all.push(one)
    return scored(all, `The ${all.length} cases of ${basename(cases)}.`)
  }
  if (git === undefined) return []
  const { cases: all, merges, crossed, skipped } = readHistory(git)
  const left = `left out: ${crossed} merges with several bases or none, ${skipped} files that are not text in all four`
  return scored(
    all,
    `The ${all.length} files that both parents of ${merges} merges in ${basename(git)} changed (${left}).`,
  )
}

function scored(cases: readonly TriedMerge[], what: string): Section[] {
  if (cases.length === 0) throw new EnsembleError('E_NOT_FOUND', `There is nothing to merge. ${what}`)
  const git = openGitMergeFile()
  const merges = cases.map((one) => git.merge(one))
  git.close()
  const all = compare(cases, merges)
  const without = (name: string, options: Parameters<typeof compare>[2]): string[] => {
    const { ours, extra, lost } = compare(cases, merges, options)
    return [
      name,
      ...figures(ours),
      `${extra.equal} of ${extra.merges} (${share(extra.equal, extra.merges)})`,
      `${lost.length}`,
    ]
  }
  const off = { insertions: false, adjacent: false, tokens: false }
  return [
    {
      title: 'Merges that people made, merged again',
      method: `${what} Equal means: to the byte what was committed. Beyond git: clean here and in conflict with \`git merge-file\`.`,
      columns: [
        '',
        'clean and equal',
        'clean but different',
        'in conflict',
        'beyond git, equal',
        'right in git, lost here',
      ],
      rows: [
        without('here', {}),
        ['git merge-file', ...figures(all.git), '', ''],
        without('without insertions at one point', { insertions: false }),
        without('without lines that touch', { adjacent: false }),
        without('without words of one line', { tokens: false }),
        without('with insertions alone', { ...off, insertions: true }),
        without('with lines that touch alone', { ...off, adjacent: true }),
        without('with words and lines that touch', { ...off, adjacent: true, tokens: true }),
        without('without all three', off),
      ],
      notes: notes(all),
    },
  ]
}

function notes({ lost, extra, unnoted, soft, hard, ours }: Comparison): string[] {
  const named = (ids: readonly (string | number)[]): string =>
    ids.length === 0 ? '' : ` (${ids.slice(0, 5).join(', ')})`
  return [
    `- Beyond git: ${extra.merges} merges, ${extra.noted} of them with a soft overlap noted: ${verdict(extra.noted === extra.merges)}; ${extra.equal} equal.`,
    `- Right in git and lost here: ${lost.length}${named(lost)}: ${verdict(lost.length === 0)}.`,
    `- Clean in both, another text, nothing noted: ${unnoted.length}${named(unnoted)}.`,
    `- Soft hunks: ${soft.insertions} insertions at one point, ${soft.adjacent} of lines that touch, ${soft.tokens} of words of one line.`,
    `- Hard hunks: ${hard.hunks}; with a text that no side wrote: ${hard.foreign}: ${verdict(hard.foreign === 0)}.`,
    `- Clean here: ${ours.cleanAndEqual + ours.cleanButDifferent}.`,
  ]
}

function figures({ cleanAndEqual, cleanButDifferent, conflicts }: Score): string[] {
  return [cleanAndEqual, cleanButDifferent, conflicts].map(String)
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((part / whole) * 100).toFixed(0)} %`
}

try {
  const { cases, git, write } = readArguments()
  const sections = [...(await quality(cases, git)), mergeTimings(), mergeGrowth(), await mergeLoop()].map((one) =>
    markdown(one, circumstances()),
  )
  process.stdout.write(`${machine()}\n\n${sections.join('\n')}`)
  if (write) {
    const file = new URL('../../../test/bench/RESULTS.md', import.meta.url)
    await writeFile(file, withSections(await readFile(file, 'utf8'), sections))
  }
} catch (error) {
  if (!(error instanceof Error)) throw error
  process.stderr.write(`error: ${error.message}\n${USAGE}`)
  process.exitCode = 2
}
