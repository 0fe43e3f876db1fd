/**
 * Writes of one file that follow each other before the server has answered: each is made upon the one before, so what it is
 * based on is known only when that one has its answer.
 */
import { unreachable } from '../../protocol/errors.js'
import type { FileContent, FileHead, WriteBase } from '../../protocol/files.js'
import { hashOf } from './content-hash.js'
import type { Entry, Outcome } from './queued-request.js'

/** A version to write upon: null where there was no such file; and its text, where it has one that is known. */
export interface Base {
  readonly base: WriteBase | null
  readonly text: string | null
}

/** What the next one is based on, for whoever goes on from what this entry wrote. */
export function baseAfter({ ask, baseText }: Entry, outcome: Outcome): Base {
  switch (ask.method) {
    case 'write': {
      const before: Base = { base: ask.params.base, text: baseText }
      const head = outcome.kind === 'done' ? headOf(outcome) : undefined
      return head === undefined ? before : baseOn(ask.params.content, head)
    }
    case 'delete':
      return outcome.kind === 'done' ? { base: null, text: null } : { base: ask.params.base, text: baseText }
    case 'resolve':
    case 'publish':
    case 'acknowledge':
    case 'task':
    case 'addContext':
      return { base: null, text: null }
    default:
      return unreachable(ask)
  }
}

/** The content as it was written, which the head may hold beside others' changes. */
export function baseOn(content: FileContent, head: Pick<FileHead, 'rev' | 'hash'>): Base {
  return { base: { rev: head.rev, hash: hashOf(content) }, text: content.kind === 'text' ? content.text : null }
}

/** The entry upon another base. A deletion of what is not there stays one of what was seen last. */
export function withBase(entry: Entry, { base, text }: Base): Entry {
  const { ask } = entry
  if (ask.method === 'write')
    return { ...entry, ask: { method: 'write', params: { ...ask.params, base } }, baseText: text }
  if (ask.method !== 'delete' || base === null) return entry
  return { ...entry, ask: { method: 'delete', params: { ...ask.params, base } }, baseText: text }
}

function headOf({ result }: Extract<Outcome, { kind: 'done' }>): FileHead | undefined {
  return 'head' in result && 'outcome' in result ? result.head : undefined
}
