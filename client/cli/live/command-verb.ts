/** A verb of the command line, typed into a session: it acts as the session's agent, upon the session's server. */
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context, SessionVerbs } from '../context.js'
import { Print } from '../print.js'
import type { Answer } from './session-verbs.js'

export interface CommandOptions {
  readonly context: Context
  readonly verbs: SessionVerbs
  readonly agentId: string
  readonly url: string
  readonly token: string
  readonly speaksJson: boolean
}

/** @throws EnsembleError what the verb says */
export async function answerCommand(args: readonly string[], options: CommandOptions): Promise<Answer> {
  const { context, verbs, agentId, url, token, speaksJson } = options
  if (args.includes('--follow')) {
    throw new EnsembleError('E_USAGE', 'A session shows events as they come; it needs no --follow.', {
      hint: 'Leave it out.',
    })
  }
  let text = ''
  const sink = {
    isTTY: false,
    columns: context.print.columns,
    write: (part: string | Uint8Array) => (text += textOf(part)),
  }
  const colour = context.print.paint('strong', 'x') === 'x' ? 'never' : 'always'
  const print = new Print({ stdout: sink, stderr: sink, env: context.env, colour, quiet: false, timers: globalThis })
  const env = { ...context.env, ENSEMBLE_URL: url, ENSEMBLE_TOKEN: token, ENSEMBLE_AGENT: agentId }
  const asJson = speaksJson && !args.includes('--json') ? [...args, '--json'] : args
  const exit = await verbs.run(asJson, { ...context, print, env, allowsInput: false })
  const lines = text.trimEnd().split('\n')
  return { lines, data: { exit, ...resultOf(lines, speaksJson) } }
}

/** Most verbs print one object; whatever else was said goes along as lines. */
function resultOf(lines: readonly string[], speaksJson: boolean): object {
  const objects = speaksJson ? lines.filter((line) => line.startsWith('{')) : []
  const [only] = objects
  if (objects.length !== 1 || only === undefined) return { lines }
  const result: unknown = JSON.parse(only)
  return { result }
}

const textOf = (part: string | Uint8Array): string => (typeof part === 'string' ? part : new TextDecoder().decode(part))
