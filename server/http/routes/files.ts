/**
 * `/api/files/{path}`: the bytes of a file, a whole file merged upon the version named by If-Match, its new name, its deletion.
 * `/api/tree`: every file there is.
 *
 * The ETag of a version is `"<rev>-<hash>"`. A PUT without a condition is written upon the head as it is;
 * `If-None-Match: *` creates only: where there is a file, nothing is written. With `?atomic=1` it is all or nothing: where
 * any of it would be held, nothing is written, and the 409 tells what stands against it.
 */
import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Conflict } from '../../../protocol/conflicts.js'
import { EnsembleError } from '../../../protocol/errors.js'
import {
  revision,
  writeOutcome,
  type FileContent,
  type FileHead,
  type WriteBase,
  type WriteResult,
} from '../../../protocol/files.js'
import { contentHash } from '../../../protocol/ids.js'
import { methods } from '../../../protocol/messages.js'
import { workspacePath, type WorkspacePath } from '../../../protocol/paths.js'
import { decodeText } from '../../../protocol/text/encoding.js'
import { bytesOf, fromWire, type Content } from '../../documents/content.js'
import type { FileStore } from '../../documents/file-store.js'
import { deletedBy, type HistoryService } from '../../journal/history-service.js'
import { lockTokenOf } from '../headers.js'
import { bytes, route, type Route } from '../operation.js'
import { sendProblem } from '../respond.js'

export interface FilesRouteOptions {
  readonly files: FileStore
  readonly history: HistoryService
  readonly tree: () => Promise<{ readonly seq: number; readonly files: readonly FileHead[] }>
  readonly maxBytes: number
}

const params = z.object({ path: workspacePath })

/** What a write came to; who writes over HTTP has no use for the edits that a bridge applies. */
const written = writeOutcome.omit({ edits: true })
type Written = z.infer<typeof written>

const ifMatch = { 'If-Match': 'The ETag of the version that the change was made upon; without it, the head.' }

const fencing = { 'X-Lock-Token': 'Of a lock that the writer holds, or held: one that has ended makes it a stranger.' }

export function filesRoutes({ files, history, tree, maxBytes }: FilesRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'getTree', method: 'get', path: '/api/tree' },
        summary: 'Every file there is, without its content.',
        asks: {},
        answer: methods.tree.result,
      },
      async () => {
        const { seq, files: heads } = await tree()
        return { seq, files: heads.filter(({ deleted }) => !deleted) }
      },
    ),
    route(
      {
        ...{ id: 'getFile', method: 'get', path: '/api/files/{path}' },
        summary: 'A file’s bytes, of the head or of an earlier revision; the ETag names the version.',
        asks: { params, query: z.object({ rev: revision.optional() }) },
        headers: { 'If-None-Match': 'The ETag of a version: where it is this one, the answer is 304.' },
        media: ['text/plain; charset=utf-8', 'application/octet-stream'],
        statuses: [200, 304],
        errors: ['E_PATH', 'E_NOT_FOUND'],
      },
      async ({ params: { path }, query: { rev }, request, response }) => {
        const { version, content } =
          rev === undefined ? await headOf(files, path) : await revisionOf(history, path, rev)
        const etag = etagOf(version)
        response.setHeader('ETag', etag)
        response.setHeader('X-Ensemble-Revision', String(version.rev))
        response.setHeader(
          'Content-Type',
          content.kind === 'text' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
        )
        if (request.headers['if-none-match'] === etag) response.status(304).end()
        else response.end(bytesOf(content))
        return undefined
      },
    ),
    route(
      {
        ...{ id: 'putFile', method: 'put', path: '/api/files/{path}' },
        summary: 'Writes a whole file: it is merged upon the version named by If-Match.',
        asks: { params, query: z.object({ atomic: z.boolean().optional() }), body: bytes },
        headers: { ...ifMatch, ...fencing, 'If-None-Match': '"*": only where there is no such file.' },
        maxBody: maxBytes,
        answer: written,
        statuses: [200, 201],
        writes: true,
        errors: ['E_PATH', 'E_NOT_FOUND', 'E_CONFLICT', 'E_UNKNOWN_BASE', 'E_TOO_LARGE'],
      },
      async ({ params: { path }, query: { atomic = false }, body, writeId, author, request, response }) => {
        const head = files.head(path)
        const base = baseOf(request, path, head)
        const executable = head?.executable ?? false
        const options = { ...tokenIn(request), ...(atomic ? { atomic } : {}) }
        const command = { writeId, path, base, content: contentOf(body), executable, ...options }
        const result = await files.write(command, author)
        return answer(response, result, files, head === undefined || head.deleted ? 201 : 200)
      },
    ),
    route(
      {
        ...{ id: 'renameFile', method: 'patch', path: '/api/files/{path}' },
        summary: 'Gives a file another path; its history, document and conflicts go with it.',
        asks: { params, body: z.object({ to: workspacePath }) },
        answer: written,
        writes: true,
        errors: ['E_PATH', 'E_NOT_FOUND', 'E_CONFLICT', 'E_LOCK_HELD'],
      },
      async ({ params: { path }, body: { to }, writeId, author, response }) => {
        const { id } = existing(files, path)
        const result = await files.rename({ writeId, id, path, to }, author)
        if (result.outcome !== 'need-base' && result.head.path !== to) throw notFree(to, result.head)
        return answer(response, result, files, 200)
      },
    ),
    route(
      {
        ...{ id: 'deleteFile', method: 'delete', path: '/api/files/{path}' },
        summary: 'Deletes a file, unless it changed since the version named by If-Match.',
        asks: { params },
        headers: { ...ifMatch, ...fencing },
        answer: written,
        writes: true,
        errors: ['E_PATH', 'E_NOT_FOUND', 'E_CONFLICT', 'E_UNKNOWN_BASE'],
      },
      async ({ params: { path }, writeId, author, request, response }) => {
        const head = existing(files, path)
        const base = baseOf(request, path, head) ?? { rev: head.rev, hash: head.hash }
        return answer(response, await files.delete({ writeId, path, base, ...tokenIn(request) }, author), files, 200)
      },
    ),
  ]
}

function tokenIn(request: Request): { readonly lockToken?: number } {
  const lockToken = lockTokenOf(request)
  return lockToken === undefined ? {} : { lockToken }
}

function answer(response: Response, result: WriteResult, files: FileStore, done: number): Written | undefined {
  if (result.outcome === 'need-base') {
    throw new EnsembleError('E_UNKNOWN_BASE', 'The version named by If-Match is not known here.', {
      hint: 'GET the file again, and make your change upon that version.',
    })
  }
  const { edits: _, ...outcome } = result
  response.setHeader('ETag', etagOf(result.head))
  if (result.outcome !== 'conflict') {
    response.status(done)
    return outcome
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
  return undefined
}

function whatCameOf(
  conflict: Conflict,
  { applied, held }: { readonly applied: number; readonly held: number },
): string {
  const keeper = conflict.lock?.holder
  switch (conflict.reason) {
    case 'overlap':
      return `${applied} of ${applied + held} changes were applied, ${held} held: someone changed the same lines.`
    case 'lock':
      return `${applied} of ${applied + held} changes were applied, ${held} held: ${conflict.authors.ours} has locked those lines.`
    case 'create':
      return keeper === undefined
        ? 'Nothing was written: someone else has made this file, with other content; yours is held.'
        : `Nothing was written: ${keeper} has locked this path; what you wrote is held.`
    case 'delete':
      if (keeper !== undefined) return `Nothing was deleted: ${keeper} has locked it.`
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
  if (file === undefined) throw notFound(path, files.headMeantBy(path)?.path)
  return { version: file.head, content: file.content }
}

async function revisionOf(history: FilesRouteOptions['history'], path: WorkspacePath, rev: number): Promise<Shown> {
  const { entry, content } = await history.version({ path, rev })
  if (content === null) throw deletedBy(path, rev)
  return { version: entry, content: fromWire(content) }
}

function existing(files: FileStore, path: WorkspacePath): FileHead {
  const head = files.head(path)
  if (head === undefined || head.deleted) throw notFound(path, files.headMeantBy(path)?.path)
  return head
}

function notFound(path: WorkspacePath, now?: WorkspacePath): EnsembleError {
  if (now !== undefined && now !== path) {
    return new EnsembleError('E_NOT_FOUND', `There is no file ${path}: it was renamed to ${now}.`, {
      data: { path: now },
    })
  }
  return new EnsembleError('E_NOT_FOUND', `There is no file ${path}.`, { hint: 'GET /api/tree lists them.' })
}

function notFree(to: WorkspacePath, { path }: FileHead): EnsembleError {
  return new EnsembleError('E_CONFLICT', `${path} was not renamed: ${to} is not free.`, {
    hint: 'Choose a path at which, above which and below which there is no file.',
    data: { path, to },
  })
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

/** Null: the writer says that there is no such file. */
function baseOf(request: Request, path: WorkspacePath, head: FileHead | undefined): WriteBase | null {
  if (request.headers['if-none-match'] === '*') {
    if (head === undefined || head.deleted) return null
    throw new EnsembleError('E_UNKNOWN_BASE', `There is a file ${head.path} already; nothing was written.`, {
      hint: 'GET it, and send its ETag as If-Match.',
    })
  }
  const condition = request.headers['if-match']
  if (condition === undefined || condition === '*') {
    if (condition === '*' && (head === undefined || head.deleted)) throw notFound(path)
    return head === undefined || head.deleted ? null : { rev: head.rev, hash: head.hash }
  }
  const [, rev, hash] = /^"(\d+)-([0-9a-f]{64})"$/.exec(condition) ?? []
  if (rev !== undefined && hash !== undefined) return { rev: Number(rev), hash: contentHash.parse(hash) }
  throw new EnsembleError('E_BAD_REQUEST', `If-Match: ${condition} is no ETag of this server.`, {
    hint: 'Send the ETag of an earlier answer, with its quotes.',
  })
}
