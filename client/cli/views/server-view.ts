/** What `server start` and `status` print. */
import { basename, dirname, join, relative } from 'node:path'
import type { Status } from '../../../protocol/status.js'
import type { Paint, Tone } from '../colour.js'
import type { ServerInfo } from '../reports.js'
import { bytes, count, duration, quoted } from '../words.js'
import { folderLines } from './folder-view.js'

export interface ReadyFacts {
  readonly info: ServerInfo
  /** Absolute; the folder to connect is named from here. */
  readonly cwd: string
  /** `ensemble`, or `npx ensemble` where that is how it was called. */
  readonly command: string
  /** Other servers run: the connect line has to name this one. */
  readonly isAlone: boolean
  readonly background: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

export function readyLines({ info, cwd, command, isAlone, background, now }: ReadyFacts, paint: Paint): string[] {
  const { workspace, files, folder, readyMilliseconds, dashboard, exposed, url } = info
  const inStep = folder.paused === null ? 'in step' : 'on the server'
  const name = basename(workspace)
  const connect = `${command} connect --agent CLAUDE --instance frontend --dir ${besides(workspace, cwd)}`
  const stop = background
    ? `Stop it with: ${command} server stop --workspace ${short(workspace, cwd)}`
    : 'Ctrl-C stops it.'
  return [
    `${paint('good', 'Ready')} in ${duration(readyMilliseconds)}: ${paint('strong', name)}, ${count(files, 'file')} ${inStep}`,
    '',
    `  dashboard  ${dashboard}`,
    `             (opens once, for ten minutes; ${command} dashboard opens it again)`,
    `  workspace  ${workspace}`,
    ...exposedLines(exposed, paint),
    ...folderLines(folder, { whose: { kind: 'shell', dir: workspace, command }, now, paint }),
    '',
    'Connect an agent, in another terminal; the folder is made if it is missing:',
    `  ${connect}${isAlone ? '' : ` --url ${url}`}`,
    '',
    stop,
  ]
}

function exposedLines(exposed: readonly string[], paint: Paint): string[] {
  if (exposed.length === 0) return []
  return [
    `  ${paint('waiting', 'exposed')}    ${exposed.join(', ')}`,
    '             Whoever is in that network and has the token can read and change every file of the workspace.',
    '             The connection is not encrypted.',
  ]
}

/** A folder beside the workspace, as one would type it from here. */
function besides(workspace: string, cwd: string): string {
  return short(join(dirname(workspace), `${basename(workspace)}-frontend`), cwd)
}

function short(path: string, cwd: string): string {
  const way = relative(cwd, path)
  return quoted(way === '' ? '.' : way.length < path.length ? way : path)
}

const STATE_TONE: Record<Status['state'], Tone> = {
  ready: 'good',
  starting: 'waiting',
  stopping: 'waiting',
  degraded: 'bad',
}

export interface StatusWords {
  readonly command: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly paint: Paint
}

export function statusLines(status: Status, url: string, { command, now, paint }: StatusWords): string[] {
  const { state, reason, workspace, files, conflicts, agents, connections, folder } = status
  const { uptimeSeconds, memoryBytes, commitLatency } = status
  const open = conflicts.open === 0 ? 'no conflict' : paint('bad', count(conflicts.open, 'open conflict'))
  const commits =
    commitLatency === null
      ? []
      : [`a commit takes ${duration(commitLatency.p50)}, at most ${duration(commitLatency.p99)} for 99 of 100`]
  return [
    `${paint('strong', basename(workspace))}  ${paint(STATE_TONE[state], state)}  ${url}`,
    ...(reason === null ? [] : [`  ${reason}`]),
    `  ${[count(files, 'file'), count(agents.length, 'agent'), count(connections.peers, 'open editor'), open].join(' · ')}`,
    `  ${[`up ${duration(uptimeSeconds * 1_000)}`, `memory ${bytes(memoryBytes)}`, ...commits].join(' · ')}`,
    `  workspace  ${workspace}`,
    ...(folder === null ? [] : folderLines(folder, { whose: { kind: 'shell', dir: workspace, command }, now, paint })),
  ]
}
