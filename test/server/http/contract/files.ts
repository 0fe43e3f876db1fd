import type { Asker } from './asker.js'

export async function files({ ask }: Asker): Promise<void> {
  const made = await ask('putFile', '/api/files/src/a.ts', 201, { body: 'one\n' })
  const upon = { 'if-match': String(made.headers.etag) }
  await ask('putFile', '/api/files/src/a.ts', 200, { body: 'two\n', headers: upon })
  await ask('putFile', '/api/files/src/a.ts', 409, { body: 'three\n', headers: upon })
  await ask('putFile', '/api/files/src/a.ts?atomic=1', 409, { body: 'four\n', headers: upon })
  await ask('putFile', '/api/files/src/a.ts?atomic=maybe', 400, { body: 'four\n' })
  await ask('putFile', '/api/files/src/a.ts', 412, { body: 'five\n', headers: { 'if-none-match': '*' } })
  await ask('putFile', '/api/files/../a.ts', 400, { body: 'six\n' })
  await ask('putFile', '/api/files/none.ts', 404, { body: 'six\n', headers: { 'if-match': '*' } })
  await ask('putFile', '/api/files/big.ts', 413, { body: 'x'.repeat(70_000) })
  await ask('putFile', '/api/files/image', 201, { body: Uint8Array.of(0, 1, 255) })
  await ask('getTree', '/api/tree', 200)
  await ask('getTree', '/api/tree', 401, { token: null })
  await ask('getFile', '/api/files/src/a.ts', 200)
  await ask('getFile', '/api/files/image', 200)
  const old = await ask('getFile', '/api/files/src/a.ts?rev=1', 200)
  await ask('getFile', '/api/files/src/a.ts?rev=1', 304, { headers: { 'if-none-match': String(old.headers.etag) } })
  await ask('getFile', '/api/files/src/a.ts?rev=one', 400)
  await ask('getFile', '/api/files/none.ts', 404)
  await ask('deleteFile', '/api/files/src/a.ts', 409, { headers: upon })
  await ask('deleteFile', '/api/files/src/a.ts', 200)
  await ask('deleteFile', '/api/files/src/a.ts', 404)
}
