/**
 * Reads a trace of system calls (`strace -f -ttt`) and judges whether each marker was sent only after a sync that came
 * after its write to a file.
 *
 * A call that another thread's line interrupts is logged twice, `<unfinished ...>` and `resumed`: a sync counts from
 * where it *ended*, a write and a send from where they *began*.
 */
export interface Judgement {
  /** Markers whose first send began after a sync that ended after their write. */
  readonly after: number
  /** Markers that were sent, with a sync after their write, but before it ended. */
  readonly before: number
  /** Markers that were never written, never synced or never sent. */
  readonly without: number
}

const SYNC = /\b(fdatasync|fsync|msync)\b/

export function judgeTrace(trace: string, markers: readonly string[]): Judgement {
  const lines = trace.split('\n')
  const syncEnds = lines.flatMap((line, at) => (SYNC.test(line) && !line.includes('<unfinished') ? [at] : []))
  let after = 0
  let before = 0
  for (const marker of markers) {
    const written = lines.findIndex((line) => /\bpwritev?(64)?\(/.test(line) && line.includes(marker))
    const sent = lines.findIndex((line) => /\b(write|writev|sendto|sendmsg)\(/.test(line) && line.includes(marker))
    const synced = written === -1 ? -1 : (syncEnds.find((at) => at > written) ?? -1)
    if (written === -1 || synced === -1 || sent === -1) continue
    if (sent > synced) after++
    else before++
  }
  return { after, before, without: markers.length - after - before }
}
