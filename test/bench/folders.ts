/** From a save in one agent's folder to the same bytes in the others. */
import { watch, type FSWatcher } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { Lab, processorSeconds } from './processes.js'
import { makeTree } from './trees.js'

const EDITS = 500
const TARGET_P50 = 25
const TARGET_P99 = 100
/** Each edit is given so long to arrive, in milliseconds. */
const LOST_AFTER = 10_000

export async function folders(): Promise<Section> {
  const rows: string[][] = []
  for (const agents of [2, 10]) {
    const { latencies, lost, processor } = await measure(agents)
    const p50 = quantile(latencies, 0.5)
    const p99 = quantile(latencies, 0.99)
    rows.push([
      `${agents} agents`,
      milliseconds(p50),
      milliseconds(quantile(latencies, 0.9)),
      milliseconds(p99),
      milliseconds(Math.max(...latencies)),
      milliseconds(processor),
      String(lost),
      verdict(p50 <= TARGET_P50 && p99 <= TARGET_P99 && lost === 0),
    ])
  }
  return {
    title: 'Save in one folder → same bytes in another',
    method:
      `${EDITS} saves, one after the other, each by another agent's folder in turn, in files of 8 kB of a tree of 200; every agent is ` +
      'a process of its own, as is the server with its own folder. Clock: from before the write to the moment at which another ' +
      `folder's file, found by inotify, holds the new bytes; over all other folders. Processor time is that of the server and all agents together. Target: p50 ≤ ${TARGET_P50} ms, p99 ≤ ${TARGET_P99} ms, none lost.`,
    columns: ['', 'p50', 'p90', 'p99', 'max', 'processor time a save', 'lost', 'target'],
    rows,
  }
}

async function measure(count: number): Promise<{ latencies: number[]; lost: number; processor: number }> {
  const lab = await Lab.make()
  try {
    const workspace = await lab.folder('workspace')
    const paths = await makeTree(workspace, 200, 8_000)
    const server = await lab.server(workspace)
    const dirs = [workspace]
    const pids = [server.pid]
    for (let i = 0; i < count; i++) {
      const dir = await lab.folder(`copy-${i}`)
      pids.push((await lab.agent('CLAUDE', `agent${i}`, dir, server)).pid)
      dirs.push(dir)
    }
    const processorSoFar = async (): Promise<number> => {
      const seconds = await Promise.all(pids.map(processorSeconds))
      return seconds.reduce((sum, each) => sum + each) * 1000
    }
    const before = await processorSoFar()
    const latencies: number[] = []
    let lost = 0
    for (let edit = 0; edit < EDITS; edit++) {
      const path = paths[(edit * 37) % paths.length] ?? ''
      const writer = dirs[1 + (edit % count)] ?? ''
      const file = join(writer, path)
      const text = `${await readFile(file, 'utf8')}// edit ${edit}\n`
      const others = dirs.filter((dir) => dir !== writer)
      const arrivals = others.map((dir) => arrival(join(dir, path), text))
      const start = performance.now()
      await writeFile(file, text)
      for (const at of await Promise.all(arrivals)) {
        if (at === undefined) lost++
        else latencies.push(at - start)
      }
    }
    return { latencies, lost, processor: ((await processorSoFar()) - before) / EDITS }
  } finally {
    await lab.close()
  }
}

/** When `file` first held `text`; undefined if it does not in time. */
function arrival(file: string, text: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const watcher: FSWatcher = watch(dirname(file), (_event, name) => {
      if (name === null || name === basename(file)) void look()
    })
    const timer = setTimeout(() => done(undefined), LOST_AFTER)
    const done = (at: number | undefined): void => {
      clearTimeout(timer)
      watcher.close()
      resolve(at)
    }
    const look = async (): Promise<void> => {
      const now = performance.now()
      const found = await readFile(file, 'utf8').catch(() => undefined) // between two renames there may be none
      if (found === text) done(now)
    }
  })
}
