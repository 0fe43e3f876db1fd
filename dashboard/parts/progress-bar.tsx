/** How far something is: what is done, what is under way (hatched), what waits. The words stand beside it. */
import type { Counts } from '../model/tasks.js'

export function ProgressBar({ done, running, review, waiting }: Counts) {
  const total = Math.max(1, done + running + review + waiting)
  const width = (count: number) => ({ width: `${(100 * count) / total}%` })
  return (
    <span class="progress" aria-hidden="true">
      <i class="progress-done" style={width(done)} />
      <i class="progress-running" style={width(running + review)} />
    </span>
  )
}

/** "9 done · 2 running · 1 in review · 2 waiting"; what is none is left out. */
export function countWords({ done, running, review, waiting }: Counts): string {
  const words = [
    [done, 'done'],
    [running, 'running'],
    [review, 'in review'],
    [waiting, 'waiting'],
  ] as const
  return words
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(' · ')
}
