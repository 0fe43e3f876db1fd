/** Locks in words; by itself, for pages that carry no schemas. */
import { EnsembleError } from './errors.js'
import type { LockRefusal, LockRegion } from './locks.js'

/** `src/app.ts`, `src/app.ts:10-20`, `src/app.ts#App.render`: a region as people write it. */
export function placeText(path: string, region: LockRegion): string {
  switch (region.kind) {
    case 'file':
      return path
    case 'lines':
      return `${path}:${region.from}-${region.to}`
    case 'symbol':
      return `${path}#${region.name}`
  }
}

const CODES = { held: 'E_LOCK_HELD', timeout: 'E_LOCK_TIMEOUT', deadlock: 'E_LOCK_DEADLOCK' } as const

/** For whoever takes a refusal as an error. */
export function refusalError(refusal: LockRefusal, nameOf: (agent: string) => string = String): EnsembleError {
  const { reason, path, region, holder, lockId, heldRegion, expectedWait, cycle = [] } = refusal
  const who = nameOf(holder)
  const what = placeText(path, heldRegion)
  const left = `${clock(expectedWait)} left`
  const held = lockId === null ? `${who} waits for ${what}, and is first` : `${who} holds ${what}, ${left}`
  const isPart = heldRegion.kind !== 'file' && region.kind !== 'file'
  const rest = isPart ? ` "ensemble lock list --file ${path}" shows what of it is taken.` : ''
  const data = { refusal }
  switch (reason) {
    case 'held':
      return new EnsembleError('E_LOCK_HELD', `${held}.`, {
        hint: `Wait for it, or work elsewhere meanwhile.${rest}`,
        data,
      })
    case 'timeout':
      return new EnsembleError(CODES[reason], `The wait is over: ${held}.`, {
        hint: 'Ask again, or work elsewhere.',
        data,
      })
    case 'deadlock': {
      const circle = cycle.map(({ agent, waitsFor, path: where }) =>
        where === null
          ? `${nameOf(agent)} waits for a task of ${nameOf(waitsFor)}`
          : `${nameOf(agent)} waits for ${where} of ${nameOf(waitsFor)}`,
      )
      return new EnsembleError(CODES[reason], `Waiting would never have ended: ${circle.join(', ')}.`, {
        hint: 'This request began to wait last, so it was ended. Release what you hold, and ask again for all at once.',
        data,
      })
    }
  }
}

function clock(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
