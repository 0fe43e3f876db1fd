/**
 * `/api/files/<path>`: GET the bytes, of an earlier revision with `?rev=N`; PUT a whole file, merged upon the version named by
 * If-Match; DELETE.
 *
 * The ETag of a version is `"<rev>-<hash>"`. A PUT without a condition is written upon the head as it is;
 * `If-None-Match: *` creates only: where there is a file, nothing is written. With `?atomic=1` it is all or nothing: where
 * any of it would be held, nothing is written, and the 409 tells what stands against it.
 */
import { raw, Router, type Request, type Response } from 'express'
import type { Conflict } from '../../../protocol/conflicts.js'
import { EnsembleError } from '../../../protocol/errors.js'
import type { FileContent, FileHead, WriteBase, WriteResult } from '../../../protocol/files.js'
import { contentHash } from '../../../protocol/ids.js'
import type { WorkspacePath } from '../../../protocol/paths.js'
import { decodeText } from '../../../protocol/text/encoding.js'
import { bytesOf, fromWire, type Content } from '../../documents/content.js'
import type { FileStore } from '../../documents/file-store.js'
import { deletedBy, type HistoryService } from '../../journal/history-service.js'
import { authorOf, writeIdOf } from '../headers.js'
import { numberIn, pathIn } from '../query.js'
import { sendProblem } from '../respond.js'

export interface FilesRouteOptions {
  readonly files: FileStore
  readonly history: HistoryService
  readonly maxBytes: number
  readonly newId: () => string
}

export function filesRoute({ files, history, maxBytes, newId }: FilesRouteOptions): Router {
  const router = Router()

  router.get(/.*/, async (request, response) => {
    const rev = numberIn(request, 'rev')
    const { version, content } =
      rev === undefined ? await headOf(files, pathIn(request)) : await revisionOf(history, pathIn(request), rev)
    const etag = etagOf(version)
    response.setHeader('ETag', etag)
    response.setHeader('X-Ensemble-Revision', String(version.rev))
    response.setHeader(
      'Content-Type',
      content.kind === 'text' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    )
    if (request.headers['if-none-match'] === etag) response.status(304).end()
    else response.end(bytesOf(content))
  })

  router.put(/.*/, raw({ type: () => true, limit: maxBytes }), async (request, response) => {
    const path = pathIn(request)
    const head = files.head(path)
    const bytes = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
    const result = await files.write(
      {
        writeId: writeIdOf(request, newId),
        path,
        base: baseOf(request, head),
        content: contentOf(bytes),
        executable: head?.executable ?? false,
        ...(isAtomic(request) ? { atomic: true } : {}),
      },
      authorOf(request),
    )
    answer(response, result, files, head === undefined || head.deleted ? 201 : 200)
  })

  router.delete(/.*/, async (request, response) => {
    const head = existing(files, pathIn(request))
    const base = baseOf(request, head) ?? { rev: head.rev, hash: head.hash }
    const result = await files.delete({ writeId: writeIdOf(request, newId), path: head.path, base }, authorOf(request))
    answer(response, result, files, 200)
  })

  return router
}

function answer(response: Response, result: WriteResult, files: FileStore, done: number): void {
  if (result.outcome === 'need-base') {
    throw new EnsembleError('E_UNKNOWN_BASE', 'The version named by If-Match is not known here.', {
      hint: 'GET the file again, and make your change upon that version.',
    })
  }
  const { edits: _, ...outcome } = result
  response.setHeader('ETag', etagOf(result.head))
  if (result.outcome !== 'conflict') {
    response.status(done).json(outcome)
    return
  }
  const raised = files.openConflicts.filter(({ id }) => result.conflicts.includes(id))
  const message = [...new Set(raised.map((conflict) => whatCameOf(conflict, result)))].join(' ')
  sendProblem(
    response,
    new EnsembleError('E_CONFLICT', message || 'It met another change; that conflict is closed by now.', {
      hint: 'GET /api/conflicts shows both sides.',
    }),
    outcome,
  )
}

function whatCameOf(
  conflict: Conflict,
  { applied, held }: { readonly applied: number; readonly held: number },
): string {
  switch (conflict.reason) {
    case 'overlap':
      return `${applied} of ${applied + held} changes were applied, ${held} held: someone changed the same lines.`
    case 'create':
      return 'Nothing was written: someone else has made this file, with other content; yours is held.'
    case 'delete':
      return conflict.first === 'theirs'
        ? 'It was written, and the file is back: someone had deleted it.'
        : 'Nothing was deleted: someone has changed the file.'
    case 'binary':
      return 'It was written over what someone else had written, which is held: bytes do not merge.'
  }
}

interface Shown {
  readonly version: Pick<FileHead, 'rev' | 'hash'>
  readonly content: Content
}

async function headOf(files: FileStore, path: WorkspacePath): Promise<Shown> {
  const head = files.head(path) // only its id counts: what else it says, a deletion too, may not be stored yet
  const file = head === undefined ? undefined : await files.read(head.id)
  if (file === undefined) throw notFound(path)
  return { version: file.head, content: file.content }
}

async function revisionOf(history: FilesRouteOptions['history'], path: WorkspacePath, rev: number): Promise<Shown> {
  const { entry, content } = await history.version({ path, rev })
  if (content === null) throw deletedBy(path, rev)
  return { version: entry, content: fromWire(content) }
}

function existing(files: FileStore, path: WorkspacePath): FileHead {
  const head = files.head(path)
  if (head === undefined || head.deleted) throw notFound(path)
  return head
}

function notFound(path: WorkspacePath): EnsembleError {
  return new EnsembleError('E_NOT_FOUND', `There is no file ${path}.`, { hint: 'GET /api/tree lists them.' })
}

function contentOf(bytes: Uint8Array): FileContent {
  const text = decodeText(bytes)
  return text === undefined
    ? { kind: 'binary', base64: Buffer.from(bytes).toString('base64') }
    : { kind: 'text', ...text }
}

function etagOf({ rev, hash }: Pick<FileHead, 'rev' | 'hash'>): string {
  return `"${rev}-${hash}"`
}

function isAtomic({ query }: Request): boolean {
  const { atomic } = query
  if (atomic === undefined || atomic === '0') return false
  if (atomic === '1') return true
  throw new EnsembleError('E_BAD_REQUEST', 'The query "atomic" is 1 or 0.')
}

/** Null: the writer says that there is no such file. */
function baseOf(request: Request, head: FileHead | undefined): WriteBase | null {
  if (request.headers['if-none-match'] === '*') {
    if (head === undefined || head.deleted) return null
    throw new EnsembleError('E_UNKNOWN_BASE', `There is a file ${head.path} already; nothing was written.`, {
      hint: 'GET it, and send its ETag as If-Match.',
    })
  }
  const condition = request.headers['if-match']
  if (condition === undefined || condition === '*') {
    if (condition === '*' && (head === undefined || head.deleted)) throw notFound(pathIn(request))
    return head === undefined || head.deleted ? null : { rev: head.rev, hash: head.hash }
  }
  const [, rev, hash] = /^"(\d+)-([0-9a-f]{64})"$/.exec(condition) ?? []
  if (rev !== undefined && hash !== undefined) return { rev: Number(rev), hash: contentHash.parse(hash) }
  throw new EnsembleError('E_BAD_REQUEST', `If-Match: ${condition} is no ETag of this server.`, {
    hint: 'Send the ETag of an earlier answer, with its quotes.',
  })
}
