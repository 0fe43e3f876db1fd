/** From an edit at one WebSocket client to the others, through durable storage. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { milliseconds, quantile, verdict, type Section } from './figures.js'
import { syncFrame } from './frames.js'
import { Lab, token, type ServerInfo } from './processes.js'
import { source } from './trees.js'

const EDITS = 1_000
/** Between two edits, in milliseconds: 50 edits a second in all. */
const PACE = 20
const LOST_AFTER = 5_000
const TARGET_P99: Readonly<Record<number, number>> = { 10: 25, 50: 100, 100: 100 }

export async function sockets(): Promise<Section> {
  const rows: string[][] = []
  for (const clients of [10, 50, 100]) {
    const { latencies, lost } = await measure(clients)
    const p99 = quantile(latencies, 0.99)
    const target = TARGET_P99[clients] ?? Infinity
    rows.push([
      `${clients} clients`,
      milliseconds(quantile(latencies, 0.5)),
      milliseconds(p99),
      milliseconds(Math.max(...latencies)),
      String(lost),
      `p99 ≤ ${target} ms: ${verdict(p99 <= target && lost === 0)}`,
    ])
  }
  return {
    title: 'Edit at one WebSocket client → another, stored durably on the way',
    method:
      `Raw y-websocket clients on one document of 20 kB, all in one process beside the server's; ${EDITS} insertions by the clients in turn, ` +
      'one every 20 ms, each waiting for nothing. Clock: from before the send until each other client has received the update, ' +
      'which the server sends only after its commit is on the disk.',
    columns: ['', 'p50', 'p99', 'max', 'lost', 'target'],
    rows,
  }
}

async function measure(count: number): Promise<{ latencies: number[]; lost: number }> {
  const lab = await Lab.make()
  try {
    const workspace = await lab.folder('workspace')
    await writeFile(join(workspace, 'shared.ts'), source('shared', 20_000))
    const server = await lab.server(workspace)
    const latencies: number[] = []
    const sentAt = new Map<string, number>()
    // Updates that were committed together come in one frame.
    const heard = (frame: Buffer): void => {
      for (const [, marker = ''] of frame.toString('latin1').matchAll(/@(\d+)@/g)) {
        const start = sentAt.get(marker)
        if (start !== undefined) latencies.push(performance.now() - start)
      }
    }
    const clients: Client[] = []
    for (let i = 0; i < count; i++) clients.push(await Client.open(server, heard))
    for (let edit = 0; edit < EDITS; edit++) {
      sentAt.set(String(edit), performance.now())
      clients[edit % count]?.insert(`@${edit}@`)
      await pause(PACE)
    }
    const expected = EDITS * count // the sender hears its own, too: that is its acknowledgement
    const deadline = performance.now() + LOST_AFTER
    const complete = (): boolean => latencies.length >= expected || performance.now() > deadline
    while (!complete()) await pause(PACE)
    for (const client of clients) client.close()
    return { latencies, lost: expected - latencies.length }
  } finally {
    await lab.close()
  }
}

/** Sends Yjs updates; decodes nothing but what it needs to begin. */
class Client {
  readonly #ws: WebSocket
  readonly #doc = new Y.Doc()

  private constructor(ws: WebSocket) {
    this.#ws = ws
  }

  static async open(server: ServerInfo, heard: (frame: Buffer) => void): Promise<Client> {
    const url = `${server.url.replace('http', 'ws')}/sync/shared.ts?token=${await token(server)}`
    const ws = new WebSocket(url, { perMessageDeflate: false })
    const client = new Client(ws)
    await once(ws, 'open')
    const synced = new Promise<void>((resolve) => {
      ws.on('message', (data: Buffer) => {
        if (data[0] === 0 && data[1] === 1) {
          Y.applyUpdate(client.#doc, data.subarray(2 + varUintLength(data, 2)))
          resolve()
        } else heard(data)
      })
    })
    client.#send(0, Y.encodeStateVector(client.#doc))
    await synced
    client.#doc.on('update', (update: Uint8Array) => client.#send(2, update))
    return client
  }

  insert(text: string): void {
    this.#doc.getText('content').insert(0, text)
  }

  close(): void {
    this.#ws.terminate()
  }

  #send(step: 0 | 2, bytes: Uint8Array): void {
    this.#ws.send(syncFrame(step, bytes))
  }
}

function varUintLength(bytes: Uint8Array, at: number): number {
  let length = 1
  while (((bytes[at + length - 1] ?? 0) & 0x80) !== 0) length++
  return length
}
