/**
 * A live session: what comes from the server and from the folder goes out, lines that come in are verbs. On a terminal with a
 * prompt below; elsewhere one JSON object a line, so that a program can drive it.
 */
import { fstatSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { BridgeState } from '../../bridge/api.js'
import type { ServerMessage } from '../../../protocol/messages.js'
import { EnsembleError, toEnsembleError } from '../../../protocol/errors.js'
import type { AgentRole } from '../../../protocol/ids.js'
import type { AgentFolder } from '../agent-folder.js'
import type { Context } from '../context.js'
import { exitCodeOf, faultObject, EXIT, type ExitCode } from '../fault.js'
import { Prompt } from '../print/prompt.js'
import type { ConnectInfo } from '../reports.js'
import { exitCodeAfter, nextSignal } from '../signals.js'
import { answerCommand } from './command-verb.js'
import { EventLines } from './event-lines.js'
import { answer, stateWords, type Answer } from './session-verbs.js'
import { Tags } from './tags.js'
import { complete, readLine, type LineId, type Verb } from './verbs.js'

export interface LiveOptions {
  readonly folder: AgentFolder
  readonly info: ConnectInfo
  readonly partition: string | null
  readonly roles: readonly AgentRole[]
  readonly speaksJson: boolean
  /** Of the server, for the verbs of the command line. */
  readonly token: string
  readonly context: Context
}

/** Where a session speaks to: a person at a prompt, or a program. */
interface Voice {
  message(message: ServerMessage): void
  state(state: BridgeState): void
  answer(verb: string, answer: Answer, id: LineId | undefined): void
  fault(error: EnsembleError, id: LineId | undefined): void
  close(): void
}

/** Until it is left, interrupted, or ended by the server. Leaving the folder itself is the caller's. */
export async function liveSession(options: LiveOptions): Promise<ExitCode> {
  const { folder, info, context } = options
  const { print, now } = context
  const tags = new Tags()
  tags.learn(folder.agents)
  const asked = nextSignal()
  let onLeave: () => void = () => undefined
  /** What was asked for and is not answered yet. */
  const open = new Set<Promise<void>>()
  const left = new Promise<'left'>((resolve) => {
    // Whoever asks and then leaves is answered first; requests end by themselves when the connection does.
    onLeave = () => void Promise.all(open).then(() => resolve('left'))
  })
  const onLine = (line: string): void => {
    const reading = readLine(line, context.verbs.names)
    const { id } = reading
    if (reading.kind === 'empty') return
    if (reading.kind === 'fault') voice.fault(new EnsembleError('E_USAGE', reading.message, { hint: reading.hint }), id)
    else if (reading.verb.verb === 'leave') onLeave()
    else {
      const work = carryOut(reading.verb, id).finally(() => open.delete(work))
      open.add(work)
    }
  }
  /** Never rejects. */
  const carryOut = async (verb: Exclude<Verb, { verb: 'leave' }>, id: LineId | undefined): Promise<void> => {
    try {
      if (verb.verb === 'command') {
        const { agentId } = folder
        const on = { context, verbs: context.verbs, agentId, url: info.url, token: options.token }
        const answered = await answerCommand(verb.args, { ...on, speaksJson: options.speaksJson })
        voice.answer(verb.args[0] ?? '', answered, id)
        return
      }
      const own = { folder, url: info.url, tags, now, paint: print.paint, commands: context.verbs.names }
      voice.answer(verb.verb, await answer(verb, own), id)
    } catch (thrown) {
      voice.fault(toEnsembleError(thrown), id)
    }
  }
  const voice = options.speaksJson
    ? programVoice(options, onLine, onLeave)
    : personVoice(options, tags, onLine, onLeave)
  const disposers = [
    folder.connection.onMessage((message) => {
      if (message.type === 'agents') tags.learn(message.agents)
      voice.message(message)
    }),
    folder.bridge.onState((state) => voice.state(state)),
  ]
  const end = await Promise.race([left, asked.signal, folder.ended])
  for (const dispose of disposers) dispose()
  asked.dispose()
  voice.close()
  if (end === 'left') return EXIT.ok
  if (!(end instanceof EnsembleError)) return exitCodeAfter(end)
  if (options.speaksJson) print.json({ type: 'error', ...faultObject(end) })
  else print.fault(end, false)
  return exitCodeOf(end.code)
}

/** Between two state lines of an ordinary kind nothing is said: a folder catches up with every change. */
function worthSaying(before: BridgeState['kind'], { kind }: BridgeState): boolean {
  if (kind === 'offline' || kind === 'paused') return true
  return kind === 'synced' && (before === 'offline' || before === 'paused')
}

function personVoice(
  { folder, partition, roles, context }: LiveOptions,
  tags: Tags,
  onLine: (line: string) => void,
  onLeave: () => void,
): Voice {
  const { print, stdin, stdout } = context
  const { agentId, bridge } = folder
  const label = (): string => {
    const where = [tags.name(agentId), ...(partition === null ? [] : [partition])].join(' ')
    const away = bridge.state.kind === 'offline' ? ` ${print.paint('waiting', 'offline')}` : ''
    return `${where}${away} › `
  }
  const completes = (line: string): string[] => complete(line, context.verbs)
  const prompt = context.allowsInput
    ? new Prompt({ stdin, stdout, label, complete: completes, onLine, onLeave })
    : undefined
  const above = (line: string): void => {
    if (prompt === undefined) print.lines([line])
    else prompt.above([line])
  }
  const lines = new EventLines({
    ...{ self: { agentId, partition, roles }, elapsed: () => performance.now(), timers: globalThis },
    nameOf: (author) => tags.name(author),
    print: above,
  })
  let known: BridgeState['kind'] = bridge.state.kind
  prompt?.show()
  return {
    message: (message) => {
      if (message.type === 'event') lines.add(message.event)
      if (message.type === 'agents') prompt?.refresh()
    },
    state: (state) => {
      if (worthSaying(known, state)) {
        const tone = state.kind === 'synced' ? 'good' : 'waiting'
        above(print.paint(tone, stateWords(state)))
      }
      if (state.kind === 'offline' || state.kind === 'paused' || state.kind === 'synced') known = state.kind
    },
    answer: (_, { lines: answered }) => prompt?.above(answered),
    fault: (error) =>
      prompt?.above([
        `${print.paint('bad', 'error:')} ${error.message}`,
        ...(error.hint === undefined ? [] : [`  ${error.hint}`]),
      ]),
    close: () => {
      lines.flush()
      lines.close()
      prompt?.close()
    },
  }
}

function programVoice(
  { folder, info, context }: LiveOptions,
  onLine: (line: string) => void,
  onLeave: () => void,
): Voice {
  const { print, stdin } = context
  const reader = isDriven(context) ? createInterface({ input: stdin }) : undefined
  reader?.on('line', onLine)
  reader?.on('close', onLeave)
  let known: BridgeState['kind'] = folder.bridge.state.kind
  print.json({ schema: 'ensemble.connect/1', type: 'ready', ...info })
  return {
    message: (message) => {
      if (message.type === 'event') print.json({ type: 'event', event: message.event })
    },
    state: (state) => {
      if (worthSaying(known, state))
        print.json({ type: 'state', state: state.kind, ...(state.kind === 'paused' && { reason: state.reason }) })
      if (state.kind !== 'syncing' && state.kind !== 'starting') known = state.kind
    },
    answer: (verb, { data }, id) => print.json({ type: 'reply', ...(id !== undefined && { id }), verb, ...data }),
    fault: (error, id) => print.json({ type: 'error', ...(id !== undefined && { id }), ...faultObject(error) }),
    close: () => {
      reader?.off('close', onLeave)
      reader?.close()
      print.json({ type: 'left', agentId: info.agentId })
    },
  }
}

/**
 * The end of the input ends the session, as Ctrl-D does, where there ever was an input. From /dev/null nothing was to come:
 * a service manager starts programs that way, and they should stay.
 */
function isDriven({ stdin, allowsInput }: Context): boolean {
  if (!allowsInput) return false
  if (stdin.fd === undefined || stdin.isTTY === true) return true
  try {
    return !fstatSync(stdin.fd).isCharacterDevice()
  } catch {
    return false // the input was closed before we began
  }
}
