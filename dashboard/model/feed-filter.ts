/** Which rows of the feed someone wants to see: of one kind, by one author, about some paths. Kept in the address. */
import { unreachable } from '../../protocol/errors.js'
import { pathsOf } from '../../protocol/event-paths.js'
import { compileGlob, globFault } from '../../protocol/globs.js'
import type { FeedRow } from './feed.js'

export const FEED_KINDS = ['edits', 'conflicts', 'locks', 'messages', 'tasks', 'agents', 'context'] as const
export type FeedKind = (typeof FEED_KINDS)[number]

export interface FeedFilter {
  /** Null: all. */
  readonly kind: FeedKind | null
  readonly author: string | null
  /** A glob; empty: any path, and what is about none. */
  readonly path: string
}

export const ALL: FeedFilter = { kind: null, author: null, path: '' }

export function isAll({ kind, author, path }: FeedFilter): boolean {
  return kind === null && author === null && path === ''
}

/** Why nothing can be about these paths; null: it is a glob, or empty. */
export function pathFault(path: string): string | null {
  return path === '' ? null : (globFault(path) ?? null)
}

/** A path that is no glob yet, as while it is typed, keeps nothing out. A hole in what is known may hold anything. */
export function compileFeedFilter({ kind, author, path }: FeedFilter): (row: FeedRow) => boolean {
  const matches = path === '' || pathFault(path) !== null ? null : compileGlob(path)
  return (row) =>
    row.kind === 'missed' ||
    ((kind === null || kindOf(row) === kind) &&
      (author === null || row.author === author || (row.kind === 'conflict' && row.other === author)) &&
      (matches === null || pathsIn(row).some(matches)))
}

/** Null: of any. */
export function kindOf(row: FeedRow): FeedKind | null {
  switch (row.kind) {
    case 'changed':
      return 'edits'
    case 'conflict':
    case 'settled':
      return 'conflicts'
    case 'joined':
    case 'left':
      return 'agents'
    case 'said': {
      const [noun = ''] = row.event.type.split(':')
      const kinds: Readonly<Record<string, FeedKind>> = {
        lock: 'locks',
        task: 'tasks',
        context: 'context',
        partition: 'tasks',
      }
      return kinds[noun] ?? 'messages'
    }
    case 'missed':
      return null
    default:
      return unreachable(row)
  }
}

function pathsIn(row: FeedRow): readonly string[] {
  switch (row.kind) {
    case 'changed':
    case 'conflict':
    case 'settled':
      return [row.file]
    case 'joined':
    case 'left':
    case 'missed':
      return []
    case 'said':
      return pathsOf(row.event)
    default:
      return unreachable(row)
  }
}

/** `#events?kind=locks&author=CLAUDE-a&path=src/**`; empty for all. */
export function formatFeedFilter(filter: FeedFilter): string {
  if (isAll(filter)) return ''
  const { kind, author, path } = filter
  const words = {
    ...(kind === null ? {} : { kind }),
    ...(author === null ? {} : { author }),
    ...(path === '' ? {} : { path }),
  }
  return `#events?${new URLSearchParams(words).toString()}`
}

export function parseFeedFilter(hash: string): FeedFilter {
  if (!hash.startsWith('#events?')) return ALL
  const words = new URLSearchParams(hash.slice('#events?'.length))
  return {
    kind: FEED_KINDS.find((kind) => kind === words.get('kind')) ?? null,
    author: words.get('author'),
    path: words.get('path') ?? '',
  }
}
