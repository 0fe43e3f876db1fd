import type { Asker } from './asker.js'

export async function status({ ask, server }: Asker): Promise<void> {
  await server.connectAs('CLAUDE-Frontend.2')
  await ask('getStatus', '/api/status', 200)
  await ask('getStatus', '/api/status', 401, { token: 'wrong' })
  await ask('getOpenapi', '/api/openapi.json', 200)
  await ask('getOpenapi', '/api/openapi.json', 403, { headers: { host: 'evil.example' } })
}
