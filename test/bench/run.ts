/** Benchmarks one after the other: one that breaks takes nothing from the others. */
import { circumstances, markdown, type Section } from './figures.js'

export interface Bench {
  readonly measure: () => Promise<Section>
  /** It takes about so long on a quiet machine; undefined: nobody said. */
  readonly minutes?: number
}

export interface RunOptions {
  readonly benches: ReadonlyMap<string, Bench>
  /** Gets each section as soon as it is measured; gives what stands in it by hand. */
  readonly keep: (section: string) => Promise<string>
  /** Hears what goes on, a line at a time. */
  readonly say: (line: string) => void
  /** Milliseconds from any start. */
  readonly elapsed: () => number
}

/** Returns the names of those that broke. */
export async function runBenches({ benches, keep, say, elapsed }: RunOptions): Promise<string[]> {
  const broken: string[] = []
  let left = [...benches.values()].reduce((sum, { minutes = 0 }) => sum + minutes, 0)
  let n = 0
  for (const [name, { measure, minutes = 0 }] of benches) {
    say(`${name}: ${++n} of ${benches.size}${left > 0 ? `, about ${round(left)} min to go on a quiet machine` : ''} …`)
    left -= minutes
    const start = elapsed()
    try {
      const byHand = await keep(markdown(await measure(), circumstances()))
      say(`${name}: done in ${round((elapsed() - start) / 60_000)} min.`)
      if (byHand !== '') say(`${name}: this stands there by hand, of an earlier run; read it again:\n${byHand}`)
    } catch (error) {
      broken.push(name)
      say(`${name}: BROKE. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }
  if (broken.length > 0) say(`Broken: ${broken.join(', ')}. Their sections in RESULTS.md are as they were.`)
  return broken
}

function round(minutes: number): string {
  return minutes < 10 ? minutes.toFixed(1) : minutes.toFixed(0)
}
