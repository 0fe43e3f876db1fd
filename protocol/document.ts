/**
 * Documents: which Yjs documents exist, how they are named on the wire, what stands in them.
 *
 * A file's document holds its text in the Y.Text `content`. Its very first struct is written by the *epoch client* of the
 * document, so that a state vector tells whether a peer has ever seen this history (rule DOC-4).
 */
import { EnsembleError } from './errors.js'
import { workspacePath, type WorkspacePath } from './paths.js'

/** Root of a file's text. */
export const CONTENT_ROOT = 'content'
/** Root map of a file document that holds its epoch, so that the first struct exists in an empty file too. */
export const EPOCH_ROOT = 'epoch'
/** Root maps of the workspace document. */
export const TREE_ROOT = 'tree'
/** Path → ids of its open conflicts. */
export const CONFLICTS_ROOT = 'conflicts'
/** Task id → task (tasks.ts). */
export const TASKS_ROOT = 'tasks'

export type DocumentName =
  | { readonly kind: 'file'; readonly path: WorkspacePath }
  /** The tree and the tasks; written by the server alone. */
  | { readonly kind: 'workspace' }
  /** Decisions, notes, facts; free for every peer. */
  | { readonly kind: 'context' }
  /** Any other name that begins with `~`: kept, synced, never on disk. */
  | { readonly kind: 'free'; readonly name: string }

const FREE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/

/**
 * Reads the part of a request's path behind `/sync/`, still percent-encoded and without the query.
 * A leading `~` written literally names a special document; a file that begins with `~` is spelled `%7E…`.
 * It is split before it is decoded, so that `%2F` is not a second spelling of `/` (rule DOC-1).
 *
 * @throws EnsembleError E_UNKNOWN_DOCUMENT or E_PATH
 */
export function parseDocumentName(encoded: string): DocumentName {
  return encoded.startsWith('~')
    ? specialName(decode(encoded.slice(1)))
    : { kind: 'file', path: parseEncodedPath(encoded) }
}

/**
 * Reads a file's path, percent-encoded by segments, as it stands in an address.
 *
 * @throws EnsembleError E_PATH
 */
export function parseEncodedPath(encoded: string): WorkspacePath {
  const path = workspacePath.safeParse(encoded.split('/').map(decode).join('/'))
  if (!path.success) {
    throw new EnsembleError('E_PATH', path.error.issues[0]?.message ?? 'not a path in the workspace', {
      hint: 'Name a file relative to the workspace, as src/app.ts.',
    })
  }
  return path.data
}

/** The inverse of parseDocumentName. */
export function formatDocumentName(name: DocumentName): string {
  switch (name.kind) {
    case 'file':
      return name.path.split('/').map(encodeURIComponent).join('/').replace(/^~/, '%7E')
    case 'free':
      return `~${encodeURIComponent(name.name)}`
    case 'workspace':
    case 'context':
      return `~${name.kind}`
  }
}

function specialName(name: string): DocumentName {
  if (name === 'workspace' || name === 'context') return { kind: name }
  if (FREE_NAME.test(name)) return { kind: 'free', name }
  throw new EnsembleError('E_UNKNOWN_DOCUMENT', `"~${name}" names no document.`, {
    hint: 'Free documents are named "~" and 1–128 letters, digits, ".", "_", ":" or "-".',
  })
}

function decode(segment: string): string {
  const decoded = percentDecode(segment)
  if (!decoded.includes('/')) return decoded
  throw new EnsembleError('E_PATH', `"${segment}" is one segment of a path, and holds a "/".`, {
    hint: 'Encode each segment by itself, and join them with "/".',
  })
}

function percentDecode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new EnsembleError('E_PATH', `"${segment}" is not valid percent-encoding.`, { cause })
  }
}
