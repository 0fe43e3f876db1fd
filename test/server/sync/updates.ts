/** Updates that no Yjs would make, byte by byte (Yjs, updates of version 1). */
import * as encoding from 'lib0/encoding'

type Part = (to: encoding.Encoder) => void

interface Of {
  readonly client: number
  readonly clock: number
  readonly structs: readonly Part[]
}

export function updateOf(clients: readonly Of[], deleted: readonly (readonly [number, number, number])[] = []) {
  const to = encoding.createEncoder()
  encoding.writeVarUint(to, clients.length)
  for (const { client, clock, structs } of clients) {
    for (const number of [structs.length, client, clock]) encoding.writeVarUint(to, number)
    for (const struct of structs) struct(to)
  }
  encoding.writeVarUint(to, deleted.length)
  for (const [client, clock, length] of deleted) {
    for (const number of [client, 1, clock, length]) encoding.writeVarUint(to, number)
  }
  return encoding.toUint8Array(to)
}

/** Something that was collected. */
export const gone =
  (length: number): Part =>
  (to) => {
    encoding.writeUint8(to, 0)
    encoding.writeVarUint(to, length)
  }

/** Text at the beginning of the root `content`. */
export const rooted =
  (text: string): Part =>
  (to) => {
    encoding.writeUint8(to, 4)
    encoding.writeVarUint(to, 1)
    encoding.writeVarString(to, 'content')
    encoding.writeVarString(to, text)
  }

/** Text behind a character. */
export const behind =
  (client: number, clock: number, text: string): Part =>
  (to) => {
    encoding.writeUint8(to, 0x84)
    encoding.writeVarUint(to, client)
    encoding.writeVarUint(to, clock)
    encoding.writeVarString(to, text)
  }
