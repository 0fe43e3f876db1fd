import { z } from 'zod'
import type { Asker } from './asker.js'

const made = z.object({ code: z.string() })

export async function links({ ask }: Asker): Promise<void> {
  const answer = await ask('makeLink', '/api/links', 200, { json: { access: 'read' } })
  const { code } = made.parse(answer.json)
  await ask('makeLink', '/api/links', 200, { json: {} })
  await ask('makeLink', '/api/links', 400, { json: { access: 'all' } })
  await ask('makeLink', '/api/links', 401, { json: {}, token: null })
  await ask('useLink', '/api/links/use', 200, { json: { code }, token: null })
  await ask('useLink', '/api/links/use', 401, { json: { code }, token: null })
  await ask('useLink', '/api/links/use', 400, { json: {}, token: null })
}
