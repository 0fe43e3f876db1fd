import type { Asker } from './asker.js'

export async function context({ ask }: Asker): Promise<void> {
  await ask('getContext', '/api/context', 200)
  await ask('getContext', '/api/context', 401, { token: null })
  const headers = { 'x-ensemble-agent': 'GEMINI-plan', 'idempotency-key': 'd1' }
  await ask('addContext', '/api/context', 200, { json: { kind: 'decision', text: 'Prices are integers.' }, headers })
  await ask('addContext', '/api/context', 200, { json: { kind: 'fact', id: 'db', text: 'Postgres 17' } })
  await ask('addContext', '/api/context', 400, { json: { kind: 'fact', text: 'nameless' } })
  await ask('addContext', '/api/context', 400, { json: { kind: 'rumour', text: 'x' } })
  await ask('getContext', '/api/context', 200)
}
