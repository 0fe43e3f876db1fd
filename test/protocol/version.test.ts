import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { clientMessage, methods, serverMessage } from '../../protocol/messages.js'
import { PROTOCOL_VERSION } from '../../protocol/version.js'

/** Of every schema of the wire. */
const PINNED = '1:a77487f979628af7'

it('[MSG-2] the schemas of the wire are those of this protocol version', () => {
  const wire = { clientMessage, serverMessage, ...unfolded() }
  const schemas = Object.entries(wire).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })])
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16)
  expect(
    `${PROTOCOL_VERSION}:${hash}`,
    'The wire has changed. If an older peer could stumble over it, raise PROTOCOL_VERSION. Then pin the new hash here.',
  ).toBe(PINNED)
})

function unfolded(): Record<string, z.ZodType> {
  return Object.fromEntries<z.ZodType>(
    Object.entries(methods).flatMap(([name, { params, result }]) => [
      [`${name} params`, params],
      [`${name} result`, result],
    ]),
  )
}
