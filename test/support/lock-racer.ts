/**
 * A process that takes locks and lets them go, as fast as it can. While it holds one it holds a folder of that name, too, which
 * no other process can make: that is the judge. Arguments: url, token, agent, folder, locks, rounds, seconds that a lock lives.
 */
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

const [url = '', token = '', agent = '', folder = '', locks = '1', rounds = '1', ttl = '300'] = process.argv.slice(2)
const headers = { Authorization: `Bearer ${token}`, 'X-Ensemble-Agent': agent, 'Content-Type': 'application/json' }

async function ask(path: string, body: object): Promise<Response> {
  return await fetch(`${url}/api/locks${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

let last = 0
for (let round = 0; round < Number(rounds); round++) {
  const name = `f${Math.floor(Math.random() * Number(locks))}`
  const answer = await ask('', { wants: [{ path: name }], ttl: Number(ttl), wait: 60 })
  if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`)
  const { locks: got } = (await answer.json()) as { locks: { token: number }[] }
  const [{ token: fencing } = { token: 0 }] = got
  if (fencing <= last) throw new Error(`token ${fencing} came after ${last}`)
  last = fencing
  await mkdir(join(folder, name)) // throws where another process holds it
  process.stdout.write(`${name}\n`)
  await rmdir(join(folder, name))
  const released = await ask('/release', { path: name })
  if (!released.ok) throw new Error(`${name}: ${await released.text()}`)
}
