/** Carries out the verbs of a live session; the answer has one form for people and one for programs. */
import type { BridgeState } from '../../bridge/api.js'
import { unreachable } from '../../../protocol/errors.js'
import type { ResumeChoice } from '../../../protocol/folder.js'
import { resume as resumeFolder } from '../../bridge/folder-status.js'
import type { AgentFolder } from '../agent-folder.js'
import type { Paint } from '../colour.js'
import { agentLines } from '../views/agents-view.js'
import { statusLines } from '../views/server-view.js'
import { blockedLines } from '../views/folder-view.js'
import { doneWords, heldPaths, sessionWays } from '../views/resume-view.js'
import { count } from '../words.js'
import { HELP, type Verb } from './verbs.js'
import type { Tags } from './tags.js'

export interface Answer {
  readonly lines: readonly string[]
  readonly data: object
}

export interface VerbOptions {
  readonly folder: AgentFolder
  readonly url: string
  readonly tags: Tags
  readonly now: () => number
  readonly paint: Paint
  /** Names of the verbs that the command line has, too. */
  readonly commands: readonly string[]
}

/** Everything but `leave` and the verbs of the command line. @throws EnsembleError E_UNREACHABLE while the server is away */
export async function answer(
  verb: Exclude<Verb, { verb: 'leave' | 'command' }>,
  options: VerbOptions,
): Promise<Answer> {
  const { folder, url, tags, now, paint } = options
  const { connection, bridge } = folder
  switch (verb.verb) {
    case 'status': {
      const { files, waiting, blocked } = bridge.stats
      const here = [
        `${folder.agentId} in ${folder.dir}: ${stateWords(bridge.state)}`,
        `  ${count(files, 'file')}, ${count(waiting, 'path waits', 'paths wait')}`,
        ...blockedLines(Object.fromEntries(blocked)),
      ]
      const own = { state: bridge.state.kind, files, waiting, blocked: Object.fromEntries(blocked) }
      if (connection.state.kind !== 'live') return { lines: here, data: { folder: own, server: null } }
      const status = await connection.request('status', {})
      return {
        lines: [...here, '', ...statusLines(status, url, { command: 'ensemble', now: now(), paint })],
        data: { folder: own, server: status },
      }
    }
    case 'agents': {
      const { agents } = await connection.request('status', {})
      tags.learn(agents)
      return { lines: agentLines(agents, tags, now(), paint), data: { agents } }
    }
    case 'resume':
      return await resume(verb.choice, folder)
    case 'help':
      return {
        lines: [
          ...HELP.map(([name, meaning]) => `  ${name.padEnd(16)}${meaning}`),
          `  as on the command line: ${options.commands.join(', ')}`,
        ],
        data: { verbs: Object.fromEntries(HELP), commands: options.commands },
      }
    default:
      return unreachable(verb)
  }
}

async function resume(choice: ResumeChoice | null, { bridge }: AgentFolder): Promise<Answer> {
  const { state } = bridge
  if (state.kind !== 'paused') return { lines: ['Nothing waits for a word of yours.'], data: { resumed: false } }
  const { reason } = state
  if (choice === null || reason.choices.length === 0) {
    const ways = reason.choices.length === 0 ? reason.hint : sessionWays(reason)
    return { lines: [reason.message, ...heldPaths(reason), ways], data: { resumed: false, ...reason } }
  }
  const done = await resumeFolder(bridge, choice)
  if (done === null) return { lines: ['Nothing waits for a word of yours.'], data: { resumed: false } }
  return { lines: doneWords(done), data: { resumed: true, ...done } }
}

/** What a folder is doing, in a word that stands after its name. */
export function stateWords(state: BridgeState): string {
  switch (state.kind) {
    case 'starting':
    case 'syncing':
      return 'catching up'
    case 'synced':
      return 'in step'
    case 'offline':
      return 'offline; edits are kept, and go out when the server is back'
    case 'paused':
      return state.reason.choices.length > 0
        ? `waiting for you. ${state.reason.message} ${sessionWays(state.reason)}`
        : `paused. ${state.reason.message} ${state.reason.hint}`
    case 'closed':
      return 'ended'
    default:
      return unreachable(state)
  }
}
