import type { Asker } from './asker.js'

export async function agents({ ask, server }: Asker): Promise<void> {
  await server.connectAs('CODEX-api')
  await ask('listAgents', '/api/agents', 200)
  await ask('listAgents', '/api/agents', 400, { headers: { 'x-ensemble-agent': 'nobody' } })
  await ask('getAgent', '/api/agents/CODEX-api', 200)
  await ask('getAgent', '/api/agents/CLAUDE-ui', 404)
  await ask('putPresence', '/api/agents/CODEX-api/presence', 200, { json: { state: 'testing' } })
  const json = { state: 'reviewing', file: 'a.ts', symbol: 'main', ttl: 30, roles: ['reviewer'] }
  await ask('putPresence', '/api/agents/CLAUDE-ui/presence', 200, { json })
  await ask('putPresence', '/api/agents/CLAUDE-ui/presence', 400, { json: { state: 'asleep' } })
  await ask('putPresence', '/api/agents/CLAUDE-ui/presence', 400, { json: { state: 'idle', ttl: -1 } })
  await ask('putPresence', '/api/agents/MISTRAL-ui/presence', 400, { json })
  await ask('putPresence', '/api/agents/CLAUDE-api/presence', 409, { json })
  await ask('deletePresence', '/api/agents/CLAUDE-ui/presence', 200)
  await ask('deletePresence', '/api/agents/CLAUDE-ui/presence', 404)
  await ask('deletePresence', '/api/agents/CODEX-api/presence', 409)
}
