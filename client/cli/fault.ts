/** How an error reaches people and scripts: its words, the next thing to try, its code, and the exit code. */
import type { Paint } from './colour.js'
import type { EnsembleError, ErrorCode } from '../../protocol/errors.js'

/** 0 is success. `refused`: the command was understood, and a rule or someone else's right stands against it. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, unreachable: 4, timeout: 5, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const EXIT_OF: Partial<Record<ErrorCode, ExitCode>> = {
  E_USAGE: EXIT.usage,
  E_AGENT_TAKEN: EXIT.refused,
  E_AGENT_TYPE: EXIT.refused,
  E_CONFLICT: EXIT.refused,
  E_CONFLICT_CLOSED: EXIT.refused,
  E_CONFLICT_MOVED: EXIT.refused,
  E_LOCK_HELD: EXIT.refused,
  E_LOCK_DEADLOCK: EXIT.refused,
  E_LOCK_NOT_HELD: EXIT.refused,
  E_LOCK_TIMEOUT: EXIT.timeout,
  E_FORBIDDEN_HOST: EXIT.refused,
  E_FORBIDDEN_ORIGIN: EXIT.refused,
  E_PORT_TAKEN: EXIT.refused,
  E_READ_ONLY: EXIT.refused,
  E_REPLACED: EXIT.refused,
  E_TASK: EXIT.refused,
  E_UNAUTHORIZED: EXIT.refused,
  E_WORKSPACE_BUSY: EXIT.refused,
  E_UNREACHABLE: EXIT.unreachable,
  E_STARTING: EXIT.unreachable,
  E_STOPPING: EXIT.unreachable,
  E_TIMEOUT: EXIT.timeout,
}

export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_OF[code] ?? EXIT.failed
}

/** A command line within a hint is worth a line of its own, to be copied. */
const COMMAND = /"(ensemble [^"]+)"/

export interface RenderOptions {
  /** Default: that of the error's code. */
  readonly exit?: number | undefined
  /** How this program was called. Default: `ensemble`. */
  readonly command?: string | undefined
}

/**
 * ```
 * error: X1 (review) holds src/shared/price.ts, 0:48 left
 *   Wait for it, or work elsewhere meanwhile.
 *   try   ensemble lock acquire --file src/shared/price.ts --wait 60
 *   code  E_LOCK_HELD, exit 3
 * ```
 */
export function renderFault(
  error: EnsembleError,
  paint: Paint,
  { exit = exitCodeOf(error.code), command: name = 'ensemble' }: RenderOptions = {},
): string {
  const { code, message, hint, data } = error
  const [first = '', ...rest] = sentences(message)
  const explanation = [...rest, ...(hint === undefined ? [] : [hint])]
  const command = typeof data['try'] === 'string' ? data['try'] : COMMAND.exec(hint ?? '')?.[1]
  return [
    `${paint('bad', 'error:')} ${first.replace(/\.$/, '')}`,
    ...explanation.map((line) => `  ${line}`),
    ...details(data['details']).map((line) => `    ${line}`),
    ...(command === undefined ? [] : [`  try   ${command.replace(/^ensemble(?= )/, name)}`]),
    `  ${paint('quiet', `code  ${code}, exit ${exit}`)}`,
  ].join('\n')
}

export function faultObject(error: EnsembleError, exit: number = exitCodeOf(error.code)): object {
  const { code, message, hint, data, retry } = error
  return {
    schema: 'ensemble.error/1',
    ...{ code, message, retry, exit },
    ...(hint === undefined ? {} : { hint }),
    ...(Object.keys(data).length === 0 ? {} : { data }),
  }
}

/** Splits where a sentence ends; the dots within addresses and file names are followed by no blank. */
function sentences(text: string): string[] {
  return text.split(/(?<=[.!?]) (?=[A-Z"])/)
}

function details(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string') : []
}
