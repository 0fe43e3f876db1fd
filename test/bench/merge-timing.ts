/** How long merges and diffs take, as texts grow, and where they are as bad as they can be. */
import { availableParallelism, loadavg } from 'node:os'
import { diff } from '../../protocol/text/diff.js'
import { merge3 } from '../../protocol/text/merge3.js'
import { milliseconds, quantile, verdict, type Section } from './figures.js'

interface Texts {
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

/** The same numbers in every run. */
class Chance {
  constructor(private state: number) {}

  /** From 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 2 ** 32) * limit)
  }

  of<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    if (found === undefined) throw new Error('a list to choose from is not empty')
    return found
  }
}

const WORDS = 'const let return value index count file path server client merge text line head base write'.split(' ')
const RUNS = 7
const MEGABYTE = 1024 * 1024

function line(chance: Chance): string {
  const words = Array.from({ length: 3 + chance.below(8) }, () => chance.of(WORDS) + String(chance.below(1000)))
  return '  '.repeat(chance.below(4)) + words.join(' ')
}

/** As source is: blank lines and brackets among the others. */
function source(chance: Chance, lines: number): string[] {
  const short = ['', '}', '  })', '    }']
  return Array.from({ length: lines }, () => (chance.below(4) === 0 ? chance.of(short) : line(chance)))
}

function editWord(chance: Chance, text: string): string {
  const words = text.split(/(?<=\S)(?=\s)/)
  const at = chance.below(words.length)
  return words.map((word, n) => (n === at ? word.replace(/\S+$/, `edited${chance.below(1e6)}`) : word)).join('')
}

function edited(chance: Chance, lines: readonly string[], edits: number): string[] {
  const result = [...lines]
  for (let n = 0; n < edits; n++) {
    const at = chance.below(result.length)
    const kind = chance.below(4)
    if (kind === 0) result.splice(at, 1 + chance.below(3))
    else if (kind === 1) result.splice(at, 0, ...source(chance, 1 + chance.below(4)))
    else if (kind === 2) result[at] = editWord(chance, result[at] ?? '')
    else result.splice(at, 1 + chance.below(3), ...source(chance, 1 + chance.below(3)))
  }
  return result
}

function shuffled(chance: Chance, lines: readonly string[]): string[] {
  const result = [...lines]
  for (let i = result.length - 1; i > 0; i--) {
    const j = chance.below(i + 1)
    ;[result[i], result[j]] = [result[j] ?? '', result[i] ?? '']
  }
  return result
}

const text = (lines: readonly string[]): string => lines.map((one) => `${one}\n`).join('')

function edits(lines: number, each: number): Texts {
  const chance = new Chance(lines)
  const base = source(chance, lines)
  return { base: text(base), ours: text(edited(chance, base, each)), theirs: text(edited(chance, base, each)) }
}

/** Lines of a megabyte, always the same for a seed. */
export function megabyteOfSource(seed: number): string[] {
  const chance = new Chance(seed)
  const lines: string[] = []
  for (let size = 0; size < MEGABYTE; size += (lines.at(-1) ?? '').length + 1) lines.push(line(chance))
  return lines
}

/** The lines after so many edits: of words, of lines, insertions and deletions. */
export function withEdits(lines: readonly string[], edits: number, seed: number): string[] {
  return edited(new Chance(seed), lines, edits)
}

function megabyte(each: number): Texts {
  const base = megabyteOfSource(each)
  return { base: text(base), ours: text(withEdits(base, each, 1)), theirs: text(withEdits(base, each, 2)) }
}

const LINES = 20_000

/** What a person would call bad luck, and an attacker a gift. Each is of 20,000 lines, or of a megabyte. */
const HARD: Readonly<Record<string, (chance: Chance, lines: number) => Texts>> = {
  'a re-indent against 400 edits of words': (chance, lines) => {
    const base = source(chance, lines)
    const theirs = [...base]
    for (let n = 0; n < lines / 50; n++) {
      const at = chance.below(lines)
      theirs[at] = editWord(chance, theirs[at] ?? '')
    }
    const indented = base.map((one) => (one === '' ? one : `  ${one}`))
    return { base: text(base), ours: text(indented), theirs: text(theirs) }
  },
  'every line edited, by the sides in turn': (chance, lines) => {
    const base = Array.from({ length: lines }, () => line(chance))
    const half = (parity: number): string =>
      text(base.map((one, i) => (i % 2 === parity ? `${one} side${parity}` : one)))
    return { base: text(base), ours: half(0), theirs: half(1) }
  },
  'both shuffled': (chance, lines) => {
    const base = source(chance, lines)
    return { base: text(base), ours: text(shuffled(chance, base)), theirs: text(shuffled(chance, base)) }
  },
  'reversed against 200 edits': (chance, lines) => {
    const base = source(chance, lines)
    return { base: text(base), ours: text([...base].reverse()), theirs: text(edited(chance, base, 200)) }
  },
  'lines of two kinds in disorder': (chance, lines) => {
    const disorder = (): string => text(Array.from({ length: lines }, () => (chance.below(2) === 0 ? 'a' : 'b')))
    return { base: disorder(), ours: disorder(), theirs: disorder() }
  },
  'lines of twenty kinds in disorder': (chance, lines) => {
    const kinds = Array.from({ length: 20 }, () => line(chance))
    const disorder = (): string => text(Array.from({ length: lines }, () => chance.of(kinds)))
    return { base: disorder(), ours: disorder(), theirs: disorder() }
  },
  'equal lines, 200 edits a side': (chance, lines) => {
    const base = Array.from({ length: lines }, () => 'the same line')
    return { base: text(base), ours: text(edited(chance, base, 200)), theirs: text(edited(chance, base, 200)) }
  },
  'everything replaced by both': (chance, lines) => ({
    base: text(source(chance, lines)),
    ours: text(source(chance, lines)),
    theirs: text(source(chance, lines)),
  }),
  'one line, 50 words edited a side': (chance, lines) => {
    const base = Array.from({ length: lines * 7 }, () => chance.of(WORDS) + String(chance.below(100)))
    const side = (): string => {
      const words = [...base]
      for (let n = 0; n < 50; n++) words[chance.below(words.length)] = `edited${n}`
      return words.join(' ')
    }
    return { base: base.join(' '), ours: side(), theirs: side() }
  },
}

/** In milliseconds. Other work on the machine makes `elapsed` longer, and hardly `cpu`; the best leaves out most of it. */
interface Timed {
  readonly best: number
  readonly median: number
  /** Median of the processor's time, that of garbage collection on other cores included. */
  readonly cpu: number
}

function timed(run: () => unknown): Timed {
  const elapsed: number[] = []
  const cpu: number[] = []
  for (let n = 0; n < RUNS; n++) {
    const before = process.cpuUsage()
    const start = performance.now()
    run()
    elapsed.push(performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  }
  return { best: Math.min(...elapsed), median: quantile(elapsed, 0.5), cpu: quantile(cpu, 0.5) }
}

/** For whoever reads the figures: how much else the machine had to do. */
export function load(): string {
  return `Meanwhile ${(loadavg()[0] ?? NaN).toFixed(1)} processes wanted the machine's ${availableParallelism()} cores (load average).`
}

const mergeTime = ({ base, ours, theirs }: Texts): Timed => timed(() => merge3(base, ours, theirs))
const diffTime = ({ ours, theirs }: Texts): Timed => timed(() => diff(ours, theirs))

export function mergeTimings(): Section {
  const rows: string[][] = []
  const limit = (name: string, texts: Texts, target: number): void => {
    const merge = mergeTime(texts)
    const ok = merge.cpu <= target
    rows.push([name, ...show(merge), ...show(diffTime(texts)), `≤ ${target} ms: ${verdict(ok)}`])
  }
  limit('10,000 lines, 200 edits a side', edits(10_000, 200), 50)
  limit('1 MB, 200 edits a side', megabyte(200), 250)
  const plain = (name: string, texts: Texts): void => {
    rows.push([name, ...show(mergeTime(texts)), ...show(diffTime(texts)), ''])
  }
  plain('1 MB, 5,000 edits a side', megabyte(5000))
  for (const [name, make] of Object.entries(HARD)) plain(name, make(new Chance(7), LINES))
  return {
    title: 'Time of a merge',
    method: `\`merge3\` of three texts, and \`diff\` of the two sides, each ${RUNS} times. Where nothing else is said a text has 20,000 lines, up to 1.2 MB. The target is that of the processor's time: what a merge takes where nothing else runs.`,
    columns: ['', 'merge: best', 'median', 'processor', 'diff: best', 'median', 'processor', 'target'],
    rows,
    notes: [load()],
  }
}

export function mergeGrowth(): Section {
  const rows = Object.entries({
    'edits, 20 in 1,000 lines a side': (chance: Chance, lines: number) => {
      const base = source(chance, lines)
      const side = (): string => text(edited(chance, base, lines / 50))
      return { base: text(base), ours: side(), theirs: side() }
    },
    ...HARD,
  }).map(([name, make]) => {
    const times = [1, 2, 4, 8].map((factor) => mergeTime(make(new Chance(7), 5000 * factor)).cpu)
    return [name, ...times.map(milliseconds), `× ${((times[3] ?? NaN) / (times[0] ?? NaN)).toFixed(1)}`]
  })
  return {
    title: 'Growth of that time',
    method: `Processor time of \`merge3\` (median of ${RUNS}) on texts of 5,000 lines and of 2, 4 and 8 times that. Linear is × 8.`,
    columns: ['', '5,000 lines', '10,000', '20,000', '40,000', '8 times the size'],
    rows,
    notes: [load()],
  }
}

function show({ best, median, cpu }: Timed): string[] {
  return [best, median, cpu].map(milliseconds)
}
