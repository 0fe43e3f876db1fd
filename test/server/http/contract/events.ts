import { z } from 'zod'
import type { Asker } from './asker.js'

const published = z.object({ event: z.object({ seq: z.number() }) })

export async function events({ ask }: Asker): Promise<void> {
  const headers = { 'x-ensemble-agent': 'CODEX-api' }
  const say = { type: 'broadcast', data: { text: 'hello' } }
  const answer = await ask('publishEvent', '/api/events', 200, {
    json: { ...say, to: { agent: 'CLAUDE-ui' } },
    headers,
  })
  const { seq } = published.parse(answer.json).event
  await ask('publishEvent', '/api/events', 200, { json: { ...say, to: { role: 'reviewer' } } })
  await ask('publishEvent', '/api/events', 400, { json: { ...say, to: 'everybody' } })
  await ask('publishEvent', '/api/events', 400, { json: { type: 'file:changed', data: {} } })
  await ask('publishEvent', '/api/events', 413, { json: { type: 'broadcast', data: { text: 'x'.repeat(65_536) } } })
  await ask('listEvents', '/api/events', 200)
  await ask('listEvents', '/api/events?since=0&limit=1&types=broadcast&types=plan:*&paths=src/**', 200)
  await ask('listEvents', '/api/events?types=invented', 400)
  await ask('listEvents', '/api/events?paths=/etc', 400)
  await ask('listEvents', '/api/events?since=77', 410)
  await ask('getEvent', `/api/events/${seq}`, 200)
  await ask('getEvent', '/api/events/77', 404)
  await ask('getEvent', '/api/events/first', 404)
  const to = { headers: { 'x-ensemble-agent': 'CLAUDE-ui' } }
  await ask('getInbox', '/api/inbox?take=1&limit=5', 200, to)
  await ask('getInbox', '/api/inbox', 400)
  await ask('acknowledgeEvent', `/api/events/${seq}/acknowledge`, 200, to)
  await ask('acknowledgeEvent', `/api/events/${seq}/acknowledge`, 400)
  await ask('acknowledgeEvent', '/api/events/77/acknowledge', 404, to)
  await ask('receiptInbox', '/api/inbox/receipt', 200, { ...to, json: { through: seq } })
  await ask('receiptInbox', '/api/inbox/receipt', 400, { ...to, json: { through: 77 } })
}
