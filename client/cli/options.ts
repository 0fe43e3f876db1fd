/** Values of options, read once: what is wrong with one is said before anything is done. */
import { InvalidArgumentError } from 'commander'
import {
  agentId,
  agentInstance,
  agentRole,
  agentType,
  author,
  type AgentId,
  type AgentInstance,
  type AgentRole,
  type AgentType,
  type Author,
} from '../../protocol/ids.js'
import { pathFault, workspacePath, type WorkspacePath } from '../../protocol/paths.js'
import type { ColourChoice } from './colour.js'

/** 0: whichever is free. */
export function portOption(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  throw new InvalidArgumentError('A port is a number from 0 to 65535; 0 takes a free one.')
}

export function agentTypeOption(text: string): AgentType {
  const parsed = agentType.safeParse(text)
  if (parsed.success) return parsed.data
  const upper = agentType.safeParse(text.toUpperCase())
  throw new InvalidArgumentError(
    upper.success
      ? `Types are written in capitals: ${upper.data}.`
      : 'It reads CLAUDE, CODEX or GEMINI, or a type that the workspace knows.',
  )
}

export function instanceOption(text: string): AgentInstance {
  const parsed = agentInstance.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(
    'A name has 1 to 64 letters, digits, ".", "_" or "-", and begins with a letter or digit.',
  )
}

/** A folder as the shell completes it may end in a slash, and may begin with "./". */
export function partitionOption(text: string): WorkspacePath {
  const path = text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')
  const parsed = workspacePath.safeParse(path)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(
    `A partition is a folder of the workspace, as src/frontend; ${pathFault(path) ?? 'this is none'}.`,
  )
}

export function colourOption(text: string): ColourChoice {
  if (text === 'auto' || text === 'always' || text === 'never') return text
  throw new InvalidArgumentError('It is auto, always or never.')
}

/** May be given several times. */
export function labelOption(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** As in git, 0 is the usual size. */
export function markerSizeOption(text: string): number | undefined {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It is a number from 0 to 999.')
  const size = Number(text)
  return size === 0 ? undefined : size
}

export function agentIdOption(text: string): AgentId {
  const parsed = agentId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('It reads TYPE-instance, as CLAUDE-frontend.')
}

export function authorOption(text: string): Author {
  const parsed = author.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('It reads TYPE-instance, as CLAUDE-frontend; or DISK, PEER or git.')
}

export function countOption(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count > 0) return count
  throw new InvalidArgumentError('It is a number from 1.')
}

/** `10,20`, `10,` to the end, `10` alone; counted from 1. */
export function linesOption(text: string): { readonly from: number; readonly to?: number } {
  const [, first, comma, last] = /^(\d{1,9})(,(\d{0,9}))?$/.exec(text) ?? []
  const from = Number(first ?? 0)
  if (comma === ',' && from > 0) return { from }
  const to = last === undefined ? from : Number(last)
  if (from > 0 && to >= from) return { from, to }
  throw new InvalidArgumentError('Lines are counted from 1, and read 10,20.')
}

/** From when on. */
export type Since =
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'ago'; readonly milliseconds: number }
  | { readonly kind: 'rev'; readonly rev: number }

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** `10m`, `2h`, `3d`; `2026-01-31T09:00`; or a revision's number. */
export function sinceOption(text: string): Since {
  const [, number, unit] = /^(\d{1,9})([smhdw])?$/.exec(text) ?? []
  if (number !== undefined && unit !== undefined)
    return { kind: 'ago', milliseconds: Number(number) * (UNITS[unit] ?? 0) }
  if (Number(number) > 0) return { kind: 'rev', rev: Number(number) }
  const time = /^\d{4}-\d{2}-\d{2}(?:[T ]|$)/.test(text) ? Date.parse(text) : NaN
  if (time >= 0) return { kind: 'time', time }
  throw new InvalidArgumentError('It is a time as 2026-01-31T09:00, a while as 10m, 2h or 3d, or a revision from 1.')
}

/** May be given several times. */
export function roleOption(text: string, before: readonly AgentRole[] = []): readonly AgentRole[] {
  const parsed = agentRole.safeParse(text)
  if (parsed.success) return [...before, parsed.data]
  throw new InvalidArgumentError('A role has 1 to 32 small letters, digits, "-" or "_", as reviewer.')
}
