/**
 * A bridge in a process of its own, to be killed by a test at a step of its choice: `bridge-process.js <folder> <step> [user]`.
 * With a number after the step ("storing 2") at its second time; with a user's number it gives up all other rights first.
 *
 * Its connection is the parent: what it asks goes over the IPC channel, and so do the answers and the feed. It says
 * `synced` when it is, and once it was told `arm`, and said `armed`, it kills itself by SIGKILL when it comes to the step for
 * a path that begins with `f`, or for none. After each audit it says so.
 */
import type { BridgeConnection, LinkState } from '../../client/bridge/ports.js'
import { openBridge } from '../../client/bridge/bridge.js'
import type { Method, Params, Result, ServerMessage } from '../../protocol/messages.js'

export type ToParent =
  | { type: 'request'; id: number; method: Method; params: unknown }
  | { type: 'synced' }
  | { type: 'armed' }
  | { type: 'audited'; passes: number }
export type ToChild =
  | { type: 'reply'; id: number; result: unknown }
  | { type: 'message'; message: ServerMessage }
  | { type: 'live'; state: LinkState }
  | { type: 'arm' }

const [dir = '', step = '', user] = process.argv.slice(2)
const [killAt, times = '1'] = step.split(' ')
let left = Number(times)
const waiting = new Map<number, (result: unknown) => void>()
const messages = new Set<(message: ServerMessage) => void>()
const states = new Set<(state: LinkState) => void>()
let state: LinkState = { kind: 'idle' }
let armed = false
let next = 1

const tell = (message: ToParent): void => void process.send?.(message)

const connection: BridgeConnection = {
  get state() {
    return state
  },
  onState(listener) {
    states.add(listener)
    return () => states.delete(listener)
  },
  onMessage(listener) {
    messages.add(listener)
    return () => messages.delete(listener)
  },
  request<M extends Method>(method: M, params: Params<M>) {
    const id = next++
    return new Promise<Result<M>>((resolve) => {
      waiting.set(id, resolve as (result: unknown) => void)
      tell({ type: 'request', id, method, params })
    })
  },
}

process.on('message', (message: ToChild) => {
  if (message.type === 'reply') waiting.get(message.id)?.(message.result)
  if (message.type === 'message') for (const listener of messages) listener(message.message)
  if (message.type === 'arm') {
    armed = true
    tell({ type: 'armed' })
  }
  if (message.type === 'live') {
    state = message.state
    for (const listener of [...states]) listener(state)
  }
})

if (user !== undefined) {
  process.setgid?.(Number(user))
  process.setuid?.(Number(user))
}
const silent = (): void => undefined
const bridge = await openBridge({
  dir,
  connection,
  config: { quietMilliseconds: 10, auditSeconds: 1, fileBytes: 1_000_000 },
  log: { debug: silent, info: silent, warn: silent, error: silent },
  onStep: (step, path) => {
    if (armed && (path === '' || path.startsWith('f')) && step === killAt && --left === 0)
      process.kill(process.pid, 'SIGKILL')
    return undefined
  },
})
let told = 0
setInterval(() => {
  if (bridge.passes > told) tell({ type: 'audited', passes: (told = bridge.passes) })
}, 50).unref()
await bridge.synced()
await bridge.idle()
tell({ type: 'synced' })
