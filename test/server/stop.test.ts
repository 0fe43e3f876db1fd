import { expect, test } from 'vitest'
import { EnsembleError } from '../../protocol/errors.js'
import { stopInOrder } from '../../server/stop.js'

const full = (): Promise<never> => Promise.reject(new Error('ENOSPC: no space left on device'))

test('on a full disk the rows that are lost are told, whatever else cannot be closed', async () => {
  const reason = new EnsembleError('E_STORAGE_FULL', 'The disk is full.')
  const done: string[] = []
  const step = (name: string) => (): Promise<void> => {
    done.push(name)
    return Promise.resolve()
  }
  const stopped = await stopInOrder({
    sources: [full, step('connection')],
    store: () => Promise.resolve({ rows: 3, documents: ['a.ts'], reason }),
    ground: [full, step('folder')],
  })
  expect(stopped).toMatchObject({
    lost: { rows: 3, documents: ['a.ts'], reason: { code: 'E_STORAGE_FULL' } },
    faults: [{}, {}],
  })
  expect(done).toEqual(['connection', 'folder'])
})

test('where storing itself fails nobody says that nothing is lost', async () => {
  const stopped = await stopInOrder({ sources: [], store: full, ground: [] })
  expect(stopped).toMatchObject({ lost: undefined, faults: [{}] })
})
