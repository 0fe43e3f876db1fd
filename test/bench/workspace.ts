/** A large workspace: how long until it is served, what it costs, and how fast an empty folder fills. */
import { megabytes, milliseconds, verdict, type Section } from './figures.js'
import { Lab, memory, processorSeconds } from './processes.js'
import { makeTree } from './trees.js'

const FILES = 20_000
const BYTES = 4_000
const TARGET_READY = 10_000
const TARGET_MEMORY = 250 * 1024 * 1024
const TARGET_FIRST_SYNC = 60_000

export async function workspace(): Promise<Section> {
  const lab = await Lab.make()
  try {
    const dir = await lab.folder('workspace')
    await makeTree(dir, FILES, BYTES)
    const first = await timed(() => lab.server(dir))
    const spent = await processorSeconds(first.result.pid)
    const served = await memory(first.result.pid)
    const empty = await lab.folder('copy')
    const sync = await timed(() => lab.agent('CLAUDE', 'copy', empty, first.result))
    const after = await memory(first.result.pid)
    const agent = await memory(sync.result.pid)
    await lab.run('server', 'stop', '--workspace', dir, '--json')
    const again = await timed(() => lab.server(dir))
    const spentAgain = await processorSeconds(again.result.pid)
    const restarted = await memory(again.result.pid)
    const rows = [
      ['first start: ready', milliseconds(first.took), `≤ 10 s: ${verdict(first.took <= TARGET_READY)}`],
      ['first start: processor time of the server', `${spent.toFixed(1)} s`, ''],
      ['restart: ready', milliseconds(again.took), `≤ 10 s: ${verdict(again.took <= TARGET_READY)}`],
      ['restart: processor time of the server', `${spentAgain.toFixed(1)} s`, ''],
      ...memoryRows('server after its first start', served),
      ...memoryRows('server after serving a first sync', after),
      ...memoryRows('server after a restart', restarted),
      ['first sync of an empty folder', milliseconds(sync.took), `≤ 60 s: ${verdict(sync.took <= TARGET_FIRST_SYNC)}`],
      ['memory of that agent', megabytes(agent.resident), ''],
    ]
    return {
      title: `A workspace of ${FILES.toLocaleString('en')} files`,
      method:
        `Files of ${BYTES / 1000} kB, 20 a folder. Times are of the whole command (\`server start --background\`, ` +
        "`connect --background`), process start included. Memory is the resident set (VmRSS) of the server's process, which also bridges " +
        'its own folder, with no document open; "without caches" leaves out pages of mapped files, which the kernel takes back when it needs them.',
      columns: ['', 'measured', 'target'],
      rows,
    }
  } finally {
    await lab.close()
  }
}

function memoryRows(what: string, { resident, anonymous }: Awaited<ReturnType<typeof memory>>): string[][] {
  return [
    [
      `memory of the ${what}`,
      `${megabytes(resident)} (${megabytes(anonymous)} without caches)`,
      `≤ 250 MB: ${verdict(resident <= TARGET_MEMORY)}`,
    ],
  ]
}

async function timed<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly took: number }> {
  const start = performance.now()
  const result = await run()
  return { result, took: performance.now() - start }
}
