/** What can be typed into a live session, and how a line is read. */
import { z } from 'zod'
import { resumeChoice, type ResumeChoice } from '../../../protocol/folder.js'
import { near } from '../words.js'

export type Verb =
  | { readonly verb: 'status' | 'agents' | 'conflicts' | 'help' }
  | { readonly verb: 'leave' }
  /** Null: say what waits, and between what one can choose. */
  | { readonly verb: 'resume'; readonly choice: ResumeChoice | null }

export type Reading = (
  | { readonly kind: 'verb'; readonly verb: Verb }
  | { readonly kind: 'empty' }
  | { readonly kind: 'fault'; readonly message: string; readonly hint: string }
) & { readonly id?: LineId | undefined }

/** Chosen by a program, and repeated in the answer: answers may come in another order than lines. */
const lineId = z.union([z.string().max(200), z.number()])
export type LineId = z.infer<typeof lineId>

export const HELP: readonly (readonly [verb: string, meaning: string])[] = [
  ['status', 'this folder, and the server'],
  ['agents', 'who is connected, and where each works'],
  ['conflicts', 'what two wrote at one place, and nobody decided yet'],
  ['resume', 'what this folder holds back, and what can be said to it'],
  ['resume delete', 'files gone from this folder: delete them for everyone'],
  ['resume accept', 'files changed here at once: pass that on to everyone'],
  ['resume restore', 'either: bring back here what the server has'],
  ['help', 'this list'],
  ['leave', 'end the session (also: quit, Ctrl-D)'],
]

const SIMPLE: ReadonlyMap<string, Exclude<Verb['verb'], 'resume'>> = new Map([
  ['status', 'status'],
  ['agents', 'agents'],
  ['conflicts', 'conflicts'],
  ['help', 'help'],
  ['?', 'help'],
  ['leave', 'leave'],
  ['quit', 'leave'],
  ['exit', 'leave'],
])
const WORDS = [...SIMPLE.keys(), 'resume']

const jsonLine = z.object({ verb: z.string(), choice: z.string().optional(), id: lineId.optional() })

/** A line of words (`resume restore`), or an object (`{"id":1,"verb":"resume","choice":"restore"}`). */
export function readLine(line: string): Reading {
  const text = line.trim()
  if (text === '') return { kind: 'empty' }
  if (!text.startsWith('{')) return readWords(text.split(/\s+/))
  try {
    const { verb, choice, id } = jsonLine.parse(JSON.parse(text))
    const reading = readWords(choice === undefined ? [verb] : [verb, choice])
    return id === undefined ? reading : { ...reading, id }
  } catch {
    return { kind: 'fault', message: 'That is not a command in JSON.', hint: 'It reads {"verb":"status"}.' }
  }
}

function readWords([word = '', ...rest]: readonly string[]): Reading {
  const name = word.toLowerCase()
  if (name === 'resume') return readResume(rest)
  const verb = SIMPLE.get(name)
  if (verb === undefined) {
    const [meant] = name.length > WORD_WIDTH ? [] : near(name, WORDS)
    const hint = meant === undefined ? '"help" lists what there is.' : `Did you mean "${meant}"?`
    return { kind: 'fault', message: `There is no "${short(word)}" here.`, hint }
  }
  if (rest.length > 0) return { kind: 'fault', message: `"${name}" stands alone.`, hint: `Type just "${name}".` }
  return { kind: 'verb', verb: { verb } }
}

function readResume([choice, ...rest]: readonly string[]): Reading {
  if (choice === undefined) return { kind: 'verb', verb: { verb: 'resume', choice: null } }
  const parsed = resumeChoice.safeParse(choice)
  if (parsed.success && rest.length === 0) return { kind: 'verb', verb: { verb: 'resume', choice: parsed.data } }
  return {
    kind: 'fault',
    message: `"${short(choice)}" is no way to go on.`,
    hint: 'It is "resume delete", "resume accept" or "resume restore".',
  }
}

/** Of a word that is told again. In characters. */
const WORD_WIDTH = 40

/** A line that is no verb may be anything, a whole file pasted too. */
function short(word: string): string {
  const letters = Array.from(word.slice(0, 4 * WORD_WIDTH))
  return letters.length <= WORD_WIDTH ? word : `${letters.slice(0, WORD_WIDTH - 1).join('')}…`
}

/** For the Tab key: what the line so far can become. */
export function complete(line: string): string[] {
  const typed = line.trimStart().toLowerCase()
  const whole = [...new Set([...HELP.map(([verb]) => verb), 'quit'])]
  return whole.filter((verb) => verb.startsWith(typed))
}
