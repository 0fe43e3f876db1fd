/** What a benchmark reports: rows of figures, the machine, and how they were measured. */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { MEASURED } from './results.js'

export interface Section {
  readonly title: string
  /** How it was measured, in sentences. */
  readonly method: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes?: readonly string[]
}

/** The value below which a share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`
}

export function verdict(ok: boolean): string {
  return ok ? 'met' : '**missed**'
}

export function machine(): string {
  const [cpu] = cpus()
  const disk = execFileSync('df', ['--output=fstype', '.'], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? ''
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${disk}, ${process.platform} ${process.arch}, Node ${process.version}`
}

/** When something was measured, and what else ran: that says how far its times can be trusted. */
export function circumstances(): string {
  const [load = NaN] = loadavg()
  const date = new Date().toISOString().slice(0, 10)
  return `${MEASURED}${date}; ${load.toFixed(1)} processes wanted the machine's ${cpus().length} cores in its last minute.`
}

/** @param last a sentence of its own */
export function markdown({ title, method, columns, rows, notes = [] }: Section, last?: string): string {
  return [
    `## ${title}`,
    '',
    method,
    '',
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    ...(notes.length > 0 ? ['', ...notes] : []),
    ...(last === undefined ? [] : ['', last]),
    '',
  ].join('\n')
}
