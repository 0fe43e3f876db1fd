/**
 * Merges to be tried, one JSON object a line: {"id", "base", "ours", "theirs"}, and whatever else. Gzip is known by its first
 * bytes. What can't be read names its line.
 */
import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { EnsembleError } from '../../../protocol/errors.js'
import { reasonOf } from '../../bridge/node-error.js'

const mergeCase = z.object({
  id: z.union([z.string(), z.number()]),
  base: z.string(),
  ours: z.string(),
  theirs: z.string(),
  path: z.string().optional(),
  /** What the people who merged made of it. */
  result: z.string().optional(),
})
export type MergeCase = z.infer<typeof mergeCase>

const LF = 10
const GZIP = Buffer.from([0x1f, 0x8b])

/**
 * @param name what the file is called in errors
 * @throws EnsembleError E_NOT_FOUND, E_BAD_REQUEST
 */
export async function* readCases(file: string, name = file): AsyncGenerator<MergeCase> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new EnsembleError('E_NOT_FOUND', `${name} cannot be read: ${reasonOf(cause)}.`, { cause })
  })
  try {
    yield* casesOf(await unpacked(handle, name), name)
  } finally {
    await handle.close()
  }
}

/** The same, of a stream that is not compressed. */
export async function* casesOf(stream: Readable, name: string): AsyncGenerator<MergeCase> {
  let number = 0
  for await (const bytes of linesOf(stream, name)) {
    number++
    const found = parseCase(bytes, `${name}, line ${number}`)
    if (found !== undefined) yield found
  }
}

async function unpacked(handle: FileHandle, name: string): Promise<Readable> {
  const magic = Buffer.alloc(GZIP.length)
  await handle.read(magic, 0, GZIP.length, 0).catch((cause: unknown) => {
    throw new EnsembleError('E_NOT_FOUND', `${name} cannot be read: ${reasonOf(cause)}.`, { cause })
  })
  const stream = handle.createReadStream({ start: 0, autoClose: false })
  if (!magic.equals(GZIP)) return stream
  const gunzip = createGunzip()
  stream.once('error', (error) => gunzip.destroy(error))
  return stream.pipe(gunzip)
}

/** Cut at LF alone: JSON may hold every other line separator as it is. */
async function* linesOf(stream: Readable, name: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  try {
    for await (const piece of stream) {
      let chunk = z.instanceof(Buffer).parse(piece) // a stream without an encoding gives bytes
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF)) {
        yield Buffer.concat([...parts, chunk.subarray(0, end)])
        parts = []
        chunk = chunk.subarray(end + 1)
      }
      if (chunk.length > 0) parts.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof EnsembleError) throw cause
    throw new EnsembleError('E_BAD_REQUEST', `${name} cannot be read to its end: ${reasonOf(cause)}.`, { cause })
  }
  if (parts.length > 0) yield Buffer.concat(parts)
}

function parseCase(bytes: Buffer, place: string): MergeCase | undefined {
  const fault = (what: string, cause?: unknown): EnsembleError =>
    new EnsembleError('E_BAD_REQUEST', `${place}: ${what}.`, {
      hint: 'A line reads {"id": "…", "base": "…", "ours": "…", "theirs": "…"}.',
      cause,
    })
  let value: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.trim() === '') return undefined
    value = JSON.parse(text)
  } catch (cause) {
    throw fault(cause instanceof SyntaxError ? 'this is no JSON' : 'this is not UTF-8', cause)
  }
  const parsed = mergeCase.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path[0]
  if (typeof field !== 'string') throw fault('this is no object')
  const isMissing = typeof value === 'object' && value !== null && !(field in value)
  const kind = field === 'id' ? 'a text or a number' : 'a text'
  throw fault(isMissing ? `the field "${field}" is missing` : `the field "${field}" is not ${kind}`)
}
