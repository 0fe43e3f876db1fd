/** Benchmarks from the command line: sections go to standard output and into RESULTS.md, what goes on to standard error. */
import { writeSection } from './results.js'
import { runBenches, type Bench } from './run.js'

/** Returns the exit code: 1 where one broke. */
export async function runToResults(benches: ReadonlyMap<string, Bench>): Promise<number> {
  const broken = await runBenches({
    benches,
    keep: async (section) => {
      process.stdout.write(`${section}\n`)
      return await writeSection(section)
    },
    say: (line) => process.stderr.write(`${line}\n`),
    elapsed: () => performance.now(),
  })
  return broken.length === 0 ? 0 : 1
}
