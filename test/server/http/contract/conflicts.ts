import type { Asker } from './asker.js'

export async function conflicts({ ask }: Asker): Promise<void> {
  const [first, second] = [await collide('a.ts'), await collide('b.ts')]
  await ask('listConflicts', '/api/conflicts', 200)
  await ask('listConflicts', '/api/conflicts?state=all&path=a.ts', 200)
  await ask('listConflicts', '/api/conflicts?state=closed', 400)
  await ask('getConflict', `/api/conflicts/${first}`, 200)
  await ask('getConflict', '/api/conflicts/none', 404)
  await ask('resolveConflict', `/api/conflicts/${first}/resolve`, 400, { json: { choice: 'mine' } })
  await ask('resolveConflict', `/api/conflicts/${first}/resolve`, 200, { json: { choice: 'both' } })
  await ask('resolveConflict', `/api/conflicts/${first}/resolve`, 409, { json: { choice: 'ours' } })
  await ask('resolveConflict', '/api/conflicts/none/resolve', 404, { json: { choice: 'ours' } })
  await ask('getConflict', `/api/conflicts/${first}`, 200)
  await ask('materializeConflict', `/api/conflicts/${second}/materialize`, 200)
  await ask('materializeConflict', `/api/conflicts/${second}/materialize`, 400)
  await ask('materializeConflict', '/api/conflicts/none/materialize', 404)

  async function collide(path: string): Promise<string> {
    const made = await ask('putFile', `/api/files/${path}`, 201, { body: 'one\n' })
    const upon = { 'if-match': String(made.headers.etag) }
    await ask('putFile', `/api/files/${path}`, 200, { body: 'two\n', headers: upon })
    const held = await ask('putFile', `/api/files/${path}`, 409, { body: 'three\n', headers: upon })
    return String((held.json as { conflicts: string[] }).conflicts[0])
  }
}
