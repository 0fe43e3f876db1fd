/**
 * Sends what was written here to the server, each under a write id that is stored before it is sent: whatever breaks in
 * between, it is sent again as it was, and the server answers with the first outcome (rule WRITE-4).
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileContent, WriteBase, WriteOutcome } from '../../protocol/files.js'
import { writeId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { decodeText } from '../../protocol/text/encoding.js'
import type { BaseStore } from './base-store.js'
import type { BridgeConnection, Environment } from './ports.js'
import type { KnownVersion, PendingRow } from './rows.js'

/** Between two tries of a request that the server could not serve just now; doubled each time. In milliseconds. */
const FIRST_RETRY = 100
const LONGEST_RETRY = 5000

export interface SubmitterOptions {
  readonly connection: BridgeConnection
  readonly store: BaseStore
  readonly environment: Environment
  readonly isStopped: () => boolean
}

export class Submitter {
  readonly #options: SubmitterOptions

  constructor(options: SubmitterOptions) {
    this.#options = options
  }

  /**
   * Until the server has answered.
   *
   * @param bytes of a write
   * @throws EnsembleError E_UNREACHABLE: repeat it with the next connection; or an error that is final for this write
   */
  async submit(path: WorkspacePath, row: PendingRow, bytes: Uint8Array): Promise<WriteOutcome> {
    let base: WriteBase | null = row.kind === 'rename' ? null : row.base
    let withText = base !== null && base.rev === 0
    for (let retry = FIRST_RETRY; ; retry = Math.min(retry * 2, LONGEST_RETRY)) {
      try {
        if (base !== null && withText) base = this.#baseWithText(base, row.kind)
        const result = await this.#send(path, row, base, bytes)
        if (result.outcome !== 'need-base') return result
        if (withText)
          throw new EnsembleError('E_INTERNAL', `The server asked again for the base of ${path}, which it had.`)
        withText = true
      } catch (thrown) {
        const isPassing = thrown instanceof EnsembleError && thrown.retry && thrown.code !== 'E_UNREACHABLE'
        if (!isPassing) throw thrown
        const { timers, random } = this.#options.environment
        await new Promise<void>((resolve) => timers.after(retry * (0.5 + random()), resolve))
        if (this.#options.isStopped()) throw thrown
      }
    }
  }

  #send(path: WorkspacePath, row: PendingRow, base: WriteBase | null, bytes: Uint8Array) {
    const { connection } = this.#options
    if (row.kind === 'rename') {
      const { writeId, id, to, by } = row
      return connection.request('rename', { writeId, id, path, to, by })
    }
    if (row.kind === 'write') {
      const { writeId, executable, by } = row
      return connection.request('write', { writeId, path, base, content: contentOf(bytes), executable, by })
    }
    // A file that the server can't be told the base of: it then compares with nothing and keeps the file.
    return connection.request('delete', { writeId: row.writeId, path, base: base ?? row.base, by: row.by })
  }

  /** The base with its text, or none where it was no text: then the server keeps both sides. */
  #baseWithText(base: KnownVersion, kind: PendingRow['kind']): WriteBase | null {
    const bytes = this.#options.store.content(base.hash)
    const text = bytes === undefined ? undefined : decodeText(bytes)?.text
    if (text !== undefined) return { ...base, text }
    return kind === 'delete' ? base : null
  }
}

export function contentOf(bytes: Uint8Array): FileContent {
  const decoded = decodeText(bytes)
  if (decoded !== undefined) return { kind: 'text', ...decoded }
  return { kind: 'binary', base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
}

export function newWriteId(environment: Environment) {
  return writeId.parse(environment.newId())
}
