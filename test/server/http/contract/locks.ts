import type { Asker } from './asker.js'

export async function locks({ ask }: Asker): Promise<void> {
  const headers = { 'x-ensemble-agent': 'CLAUDE-one' }
  const others = { 'x-ensemble-agent': 'CODEX-two' }
  const got = await ask('acquireLocks', '/api/locks', 200, { headers, json: { wants: [{ path: 'a.ts' }] } })
  const { id } = (got.json as { locks: [{ id: string }] }).locks[0]
  await ask('acquireLocks', '/api/locks', 409, { headers: others, json: { wants: [{ path: 'a.ts' }] } })
  await ask('acquireLocks', '/api/locks', 409, { headers: others, json: { wants: [{ path: 'a.ts' }], wait: 0.01 } })
  await ask('acquireLocks', '/api/locks', 400, { headers, json: { wants: [{ path: '../a.ts' }] } })
  await ask('acquireLocks', '/api/locks', 400, { json: { wants: [{ path: 'a.ts' }] } })
  const region = { kind: 'lines', from: 1, to: 2 }
  await ask('acquireLocks', '/api/locks', 404, { headers, json: { wants: [{ path: 'none.ts', region }] } })
  await ask('listLocks', '/api/locks?path=a.ts&holder=CLAUDE-one', 200)
  await ask('listLocks', '/api/locks?holder=nobody', 400)
  await ask('renewLocks', '/api/locks/renew', 200, { headers, json: { ids: [id], ttl: 60 } })
  await ask('renewLocks', '/api/locks/renew', 409, { headers: others, json: { ids: [id] } })
  await ask('releaseLocks', '/api/locks/release', 409, { headers: others, json: { path: 'a.ts' } })
  await ask('releaseLocks', '/api/locks/release', 200, { headers, json: { path: 'a.ts' } })
  const again = await ask('acquireLocks', '/api/locks', 200, { headers, json: { wants: [{ path: 'a.ts' }] } })
  const [lock] = (again.json as { locks: [{ id: string }] }).locks
  await ask('breakLock', `/api/locks/${lock.id}/break`, 200, { headers: others })
  await ask('breakLock', `/api/locks/${lock.id}/break`, 404, { headers: others })
}
