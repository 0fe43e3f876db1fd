/** Work that nobody waits for: what it throws is logged, where it would otherwise end the process. */
import type { BridgeLog } from './ports.js'

/** @param failed what to say if it fails, and what happens then: "a folder could not be listed; the audit finds …" */
export function inBackground(log: BridgeLog, failed: string, work: () => Promise<unknown>): void {
  void heard(log, failed, work)
}

/** As inBackground, for one who wants to know when it is over. Never rejects. @returns whether it worked */
export async function heard(log: BridgeLog, failed: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (thrown) {
    log.error({ error: thrown instanceof Error ? thrown.stack : String(thrown) }, failed)
    return false
  }
}
