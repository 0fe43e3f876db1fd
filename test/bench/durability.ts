/**
 * That an echo means durable, shown by the system calls of the server: each update's data is written and synced before
 * its echo is sent. A killed process alone cannot show this: the kernel keeps what was written but not synced.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { judgeTrace, type Judgement } from './trace.js'
import type { Section } from './figures.js'
import { Lab, token } from './processes.js'
import { syncFrame } from './frames.js'

/** Whose echoes are looked at. */
export const UPDATES = 200

export async function durability(): Promise<Section> {
  const base: Omit<Section, 'rows'> = {
    title: 'Echo means durable, by system calls',
    method:
      `\`strace -f\` of the running server while one raw client sends ${UPDATES} updates, each holding a marker. For every update: the write of its ` +
      'data to the database, the fdatasync or fsync after it, and only then the send of its echo.',
    columns: ['updates', 'echoes after their sync', 'echoes before it', 'echoes without one'],
  }
  if (!hasStrace()) return { ...base, rows: [['–', '–', '–', '–']], notes: ['strace is not installed: not measured.'] }
  const lab = await Lab.make()
  try {
    const workspace = await lab.folder('workspace')
    await writeFile(join(workspace, 'traced.ts'), 'one\n')
    const server = await lab.server(workspace)
    const { after, before, without } = await judgeEchoes(server, await token(server), join(lab.dir, 'trace'))
    return { ...base, rows: [[String(UPDATES), String(after), String(before), String(without)]] }
  } finally {
    await lab.close()
  }
}

/** @param trace file that the system calls are written to */
export async function judgeEchoes(
  { url, pid }: { readonly url: string; readonly pid: number },
  secret: string,
  trace: string,
): Promise<Judgement> {
  const calls = 'trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync,msync'
  const strace = spawn('strace', ['-f', '-ttt', '-s', '65536', '-e', calls, '-o', trace, '-p', String(pid)])
  await once(strace.stderr, 'data') // it says that it is attached
  await send(url, secret)
  strace.kill('SIGINT')
  await once(strace, 'exit')
  return judgeTrace(await readFile(trace, 'latin1'), markers())
}

function markers(): string[] {
  return Array.from({ length: UPDATES }, (_, i) => `@mark-${i}@`)
}

async function send(url: string, secret: string): Promise<void> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/sync/traced.ts?token=${secret}`, { perMessageDeflate: false })
  await once(ws, 'open')
  const doc = new Y.Doc()
  const echoed = new Set<string>()
  const done = new Promise<void>((resolve) => {
    ws.on('message', (data: Buffer) => {
      const text = data.toString('latin1')
      for (const marker of markers()) if (text.includes(marker)) echoed.add(marker)
      if (echoed.size === UPDATES) resolve()
    })
  })
  const synced = once(ws, 'message')
  ws.send(syncFrame(0, Y.encodeStateVector(doc)))
  await synced
  doc.on('update', (update: Uint8Array) => ws.send(syncFrame(2, update)))
  for (const marker of markers()) {
    doc.getText('content').insert(0, marker)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await done
  ws.terminate()
}

export function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false // not installed
  }
}
