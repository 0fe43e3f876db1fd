/** The three files of a merge as texts, and a merged text as bytes. */
import { readFile } from 'node:fs/promises'
import { EnsembleError } from '../../../protocol/errors.js'
import { decodeText, joinFormat, MAX_TEXT_BYTES } from '../../../protocol/text/encoding.js'
import type { FileTexts } from '../../../protocol/text/merge-files.js'
import { reasonOf } from '../../bridge/node-error.js'

export interface MergeInputs {
  readonly texts: FileTexts
  /**
   * `latin1`: one of the files is not UTF-8, and holds no NUL. Then each byte of all three is a character; the bytes come
   * out as they were, but they say nothing about words.
   */
  readonly encoding: 'utf8' | 'latin1'
}

/** The files, as the user named them. */
export interface MergeNames {
  readonly ours: string
  readonly base: string
  readonly theirs: string
}

/**
 * @param place absolute, of a name
 * @throws EnsembleError E_NOT_FOUND, E_NOT_TEXT
 */
export async function readInputs(names: MergeNames, place: (name: string) => string): Promise<MergeInputs> {
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await readFile(place(name)).catch((cause: unknown) => {
      throw new EnsembleError('E_NOT_FOUND', `Could not read ${name}: ${reasonOf(cause)}.`, { cause })
    })
    if (bytes.includes(0) || bytes.length > MAX_TEXT_BYTES) {
      const reason = bytes.includes(0) ? 'it holds NUL bytes' : `it is larger than ${MAX_TEXT_BYTES} bytes`
      throw new EnsembleError('E_NOT_TEXT', `Cannot merge binary files: ${name}.`, {
        hint: `Take one side as a whole: ${reason}.`,
      })
    }
    return bytes
  }
  // One after the other: of several that are missing the first is named, as its user wrote them.
  const bytes = { ours: await read(names.ours), base: await read(names.base), theirs: await read(names.theirs) }
  const isUtf8 = Object.values(bytes).every((side) => decodeText(side) !== undefined)
  const textOf = (side: Uint8Array): string => {
    const decoded = isUtf8 ? decodeText(side) : undefined
    return decoded === undefined ? Buffer.from(side).toString('latin1') : joinFormat(decoded.text, decoded)
  }
  return {
    texts: { ours: textOf(bytes.ours), base: textOf(bytes.base), theirs: textOf(bytes.theirs) },
    encoding: isUtf8 ? 'utf8' : 'latin1',
  }
}
