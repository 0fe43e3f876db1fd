/** What a bridge tells others of its folder, and how they decide about what it holds. */
import { EnsembleError } from '../../protocol/errors.js'
import type { FolderStatus, ResumeChoice } from '../../protocol/folder.js'
import type { Resumed } from './api.js'
import type { Bridge } from './bridge.js'

export function statusOf({ state, stats }: Pick<Bridge, 'state' | 'stats'>): FolderStatus {
  return { paused: state.kind === 'paused' ? state.reason : null, leftOut: stats.blocked.size }
}

/**
 * @returns null: nothing is held
 * @throws EnsembleError E_USAGE: that is no choice here
 */
export async function resume(bridge: Bridge, choice: ResumeChoice): Promise<Resumed | null> {
  const { paused } = statusOf(bridge)
  if (paused === null) return null
  if (paused.choices.includes(choice)) return await bridge.resume(choice)
  throw new EnsembleError('E_USAGE', `"${choice}" decides nothing here. ${paused.message}`, {
    hint: paused.choices.length === 0 ? paused.hint : `It is ${paused.choices.map((one) => `"${one}"`).join(' or ')}.`,
  })
}
