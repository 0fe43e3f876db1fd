/**
 * Whether an update builds upon what is lacking here. Yjs finds that out by itself, but in a time that grows with the square of
 * how many clients wait: for twenty thousand of them, 200 KB, nothing else was answered for seconds.
 */
import * as Y from 'yjs'
import type { DecodedUpdate } from '../documents/id-ranges.js'

type Struct = DecodedUpdate['structs'][number]

/** Of one client: its structs in order, how many of them can go in, and up to which clock it is known then. */
interface Line {
  readonly structs: Struct[]
  done: number
  end: number
}

/** Fewer may wait in Yjs. */
const MANY_CLIENTS = 1_000

/** Whether an update of more than `many` clients cannot go in whole. Of fewer it is not looked at: false. */
export function lacksGround({ structs }: DecodedUpdate, { store }: Y.Doc, many = MANY_CLIENTS): boolean {
  const lines = new Map<number, Line>()
  for (const struct of structs) {
    const { client } = struct.id
    const line = lines.get(client)
    if (struct instanceof Y.Skip) continue
    if (line === undefined) lines.set(client, { structs: [struct], done: 0, end: Y.getState(store, client) })
    else line.structs.push(struct)
  }
  if (lines.size <= many) return false
  /** Lines by the struct of another that they wait for. */
  const waiting = new Map<Struct, Line[]>()
  const isThere = ({ client, clock }: Y.ID): boolean => clock < (lines.get(client)?.end ?? Y.getState(store, client))
  const ready = [...lines.values()]
  for (let line = ready.pop(); line !== undefined; line = ready.pop()) {
    for (let struct = line.structs[line.done]; struct !== undefined; struct = line.structs[line.done]) {
      if (struct.id.clock > line.end) return true
      const lacking = groundOf(struct).find((id) => !isThere(id))
      if (lacking !== undefined) {
        const ground = structAt(lines.get(lacking.client)?.structs ?? [], lacking.clock)
        if (ground === undefined) return true
        const others = waiting.get(ground)
        if (others === undefined) waiting.set(ground, [line])
        else others.push(line)
        break
      }
      line.end = Math.max(line.end, struct.id.clock + struct.length)
      line.done++
      for (const other of waiting.get(struct) ?? []) ready.push(other)
      waiting.delete(struct)
    }
  }
  return [...lines.values()].some((line) => line.done < line.structs.length)
}

/** What an item lies between, and what it is in. */
function groundOf(struct: Struct): Y.ID[] {
  if (!(struct instanceof Y.Item)) return []
  const { origin, rightOrigin, parent } = struct
  return [origin, rightOrigin, parent].filter((id): id is Y.ID => id instanceof Y.ID)
}

function structAt(structs: readonly Struct[], clock: number): Struct | undefined {
  let [from, to] = [0, structs.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    const struct = structs[middle]
    if (struct === undefined) return undefined
    if (clock < struct.id.clock) to = middle
    else if (clock >= struct.id.clock + struct.length) from = middle + 1
    else return struct
  }
  return undefined
}
