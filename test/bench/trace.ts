/**
 * Reads a trace of system calls (`strace -f -ttt`) and judges whether each marker was sent to a peer only after a sync of
 * the database that came after its write there.
 *
 * The database is whatever is synced by fdatasync; a peer's frame begins with the byte 0x82 (a whole binary WebSocket
 * message). A call that another thread's line interrupts is logged twice, `<unfinished ...>` and `resumed`: a sync counts
 * from where it *ended*, a write and a send from where they *began*.
 */
export interface Judgement {
  /** Markers whose first send began after a sync that ended after their write. */
  readonly after: number
  /** Markers that were sent, with a sync after their write, but before it ended. */
  readonly before: number
  /** Markers that were never written, never synced or never sent. */
  readonly without: number
}

const SYNC_BEGUN = /\bfdatasync\((\d+)/
const WRITE = /\b(?:pwrite64|pwritev|pwritev2|writev|write)\((\d+), /
const SEND = /\b(?:write|writev|sendto|sendmsg)\(\d+, (?:\[\{iov_base=)?"\\202/

export function judgeTrace(trace: string, markers: readonly string[]): Judgement {
  const lines = trace.split('\n')
  const databases = new Set(lines.map((line) => SYNC_BEGUN.exec(line)?.[1]))
  const syncEnds = lines.flatMap((line, at) =>
    /\bfdatasync\b/.test(line) && !line.includes('<unfinished') ? [at] : [],
  )
  let after = 0
  let before = 0
  for (const marker of markers) {
    const isOf = (line: string): boolean => line.includes(marker)
    const written = lines.findIndex((line) => databases.has(WRITE.exec(line)?.[1] ?? '') && isOf(line))
    const sent = lines.findIndex((line) => SEND.test(line) && isOf(line))
    const synced = written === -1 ? -1 : (syncEnds.find((at) => at > written) ?? -1)
    if (written === -1 || synced === -1 || sent === -1) continue
    if (sent > synced) after++
    else before++
  }
  return { after, before, without: markers.length - after - before }
}
