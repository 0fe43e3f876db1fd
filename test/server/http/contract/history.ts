import type { Asker } from './asker.js'

export async function history({ ask }: Asker): Promise<void> {
  const headers = { 'x-ensemble-agent': 'CODEX-api' }
  await ask('putFile', '/api/files/a.ts', 201, { body: 'one\n' })
  await ask('putFile', '/api/files/a.ts', 200, { body: 'one\ntwo\n', headers })
  await ask('putFile', '/api/files/image', 201, { body: Uint8Array.of(0, 1, 255) })
  await ask('getHistory', '/api/history/a.ts?limit=1', 200)
  await ask('getHistory', '/api/history/a.ts?author=CODEX-api', 200)
  await ask('getHistory', '/api/history/a.ts?limit=0', 400)
  await ask('getHistory', '/api/history/none.ts', 404)
  await ask('getVersion', '/api/version/a.ts?rev=1', 200)
  await ask('getVersion', '/api/version/image?rev=1', 200)
  await ask('getVersion', '/api/version/a.ts', 400)
  await ask('getVersion', '/api/version/a.ts?rev=7', 404)
  await ask('getTrace', '/api/trace/a.ts?rev=1', 200)
  await ask('getTrace', '/api/trace/a.ts', 400)
  await ask('getTrace', '/api/trace/a.ts?rev=7', 404)
  await ask('getBlame', '/api/blame/a.ts?from=1&to=2', 200)
  await ask('getBlame', '/api/blame/a.ts?from=2&to=1', 400)
  await ask('getBlame', '/api/blame/none.ts', 404)
  await ask('getBlame', '/api/blame/image', 415)
  const target = { kind: 'last', author: 'CODEX-api', path: null }
  await ask('revert', '/api/revert', 200, { json: { target, dryRun: true } })
  await ask('revert', '/api/revert', 200, { json: { target } })
  await ask('revert', '/api/revert', 400, { json: { target: { kind: 'all' } } })
  await ask('revert', '/api/revert', 404, { json: { target: { ...target, author: 'CODEX-nobody' } } })
}
