/** The process of the load: gets one task over IPC, answers with what it measured, and ends. */
import { once } from 'node:events'
import { z } from 'zod'
import { awarenessLoad, awarenessTask } from './sync-awareness.js'
import { flow, flowTask } from './sync-flow.js'
import { joinersLoad, joinersTask } from './sync-joiners.js'
import { stalledLoad, stalledTask } from './sync-stalled.js'

const loads = {
  flow: async (task: unknown) => await flow(flowTask.parse(task)),
  joiners: async (task: unknown) => await joinersLoad(joinersTask.parse(task)),
  stalled: async (task: unknown) => await stalledLoad(stalledTask.parse(task)),
  awareness: async (task: unknown) => await awarenessLoad(awarenessTask.parse(task)),
}
export type LoadName = keyof typeof loads

const [message] = (await once(process, 'message')) as [unknown]
const names = Object.keys(loads) as [LoadName, ...LoadName[]]
const { name, task } = z.object({ name: z.enum(names), task: z.unknown() }).parse(message)
const result = await loads[name](task)
process.send?.(result, () => process.exit())
