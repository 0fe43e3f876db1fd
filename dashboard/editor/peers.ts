/** What a peer says of itself in awareness, parsed once: anybody may have written it. */

export interface Peer {
  readonly name: string
  /** Two relative positions as JSON; null: its caret is elsewhere. */
  readonly cursor: { readonly anchor: unknown; readonly head: unknown } | null
}

/** That of a person who acts under a name is the longest: `PERSON-` and 64 characters. */
const LONGEST_NAME = 71

/** Returns null for a state without a name, which nobody could be shown by. */
export function peerOf(state: unknown): Peer | null {
  if (!isRecord(state)) return null
  const user = state['user']
  const name = isRecord(user) && typeof user['name'] === 'string' ? user['name'].trim() : ''
  if (name === '') return null
  const cursor = state['cursor']
  return {
    name: name.slice(0, LONGEST_NAME),
    cursor:
      isRecord(cursor) && isRecord(cursor['anchor']) && isRecord(cursor['head'])
        ? { anchor: cursor['anchor'], head: cursor['head'] }
        : null,
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
