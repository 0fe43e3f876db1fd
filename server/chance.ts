/** What is drawn by chance: secrets, and ids that no one can guess or meet again. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { orderedId } from '../protocol/ids.js'

export const newSecret = (): string => randomBytes(24).toString('base64url')
/** Bytes for UUIDs are drawn many at a time: a third of the cost of drawing them for each id. */
export const newId = (): string =>
  orderedId(Date.now(), Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url', 0, 12))
/** Hexadecimal: short beginnings of it are easily typed, and never look like an option. */
export const newConflictId = (): string => randomBytes(10).toString('hex')
export const newClient = (): number => randomInt(2 ** 32)
