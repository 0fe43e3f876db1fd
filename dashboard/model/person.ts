/** Under which name whoever sits at this page acts: what was chosen in this browser, else `dashboard`. */
import { INSTANCE_NAME } from '../../protocol/instance-name.js'

const KEY = 'ensemble-person'
const NOBODY_SAID = 'dashboard'

export type PersonPlace = Pick<Storage, 'getItem' | 'setItem'>

export function keptPerson(storage: PersonPlace): string {
  const kept = storage.getItem(KEY)
  return kept !== null && faultOf(kept) === null ? kept : NOBODY_SAID
}

/** Keeps what someone typed. @returns what is wrong with it; null: it is kept */
export function keepPerson(storage: PersonPlace, typed: string): string | null {
  const name = typed.trim()
  const fault = faultOf(name)
  if (fault === null) storage.setItem(KEY, name)
  return fault
}

/** As an agent's id begins: whoever reads it in the feed would take a person for an agent. */
const AGENT_LIKE = /^[A-Z][A-Z0-9_]*-/

function faultOf(name: string): string | null {
  if (!INSTANCE_NAME.test(name)) {
    return 'A name has 1 to 64 letters, digits, ".", "_" or "-", and begins with a letter or a digit, as anna.'
  }
  if (AGENT_LIKE.test(name))
    return `"${name}" reads as an agent’s id: take one that does not begin with capitals and "-".`
  return null
}

/** Who that is, wherever the server tells of an author. */
export function personId(name: string): string {
  return `PERSON-${name}`
}

/** What a person is called, by an id of personId or by a name that another editor gave. */
export function personName(said: string): string {
  return said.replace(/^PERSON-/, '')
}
