/** What can be typed into a live session, and how a line is read. */
import { z } from 'zod'
import { resumeChoice, type ResumeChoice } from '../../../protocol/folder.js'
import type { SessionVerbs } from '../context.js'
import { near } from '../words.js'

export type Verb =
  | { readonly verb: 'status' | 'agents' | 'help' }
  | { readonly verb: 'leave' }
  /** Null: say what waits, and between what one can choose. */
  | { readonly verb: 'resume'; readonly choice: ResumeChoice | null }
  /** One of the command line, with its arguments. */
  | { readonly verb: 'command'; readonly args: readonly string[] }

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
  ['resume', 'what this folder holds back, and what can be said to it'],
  ['resume delete', 'files gone from this folder: delete them for everyone'],
  ['resume accept', 'files changed here at once: pass that on to everyone'],
  ['resume restore', 'either: bring back here what the server has'],
  ['help', 'this list'],
  ['leave', 'end the session (also: quit, Ctrl-D)'],
]

const SIMPLE: ReadonlyMap<string, Exclude<Verb['verb'], 'resume' | 'command'>> = new Map([
  ['status', 'status'],
  ['agents', 'agents'],
  ['help', 'help'],
  ['?', 'help'],
  ['leave', 'leave'],
  ['quit', 'leave'],
  ['exit', 'leave'],
])
const WORDS = [...SIMPLE.keys(), 'resume']

const jsonLine = z.object({
  verb: z.string(),
  choice: z.string().optional(),
  args: z.array(z.string()).optional(),
  id: lineId.optional(),
})

/**
 * A line of words (`resume restore`), or an object (`{"id":1,"verb":"resume","choice":"restore"}`,
 * `{"verb":"lock","args":["list"]}`).
 * @param names of the verbs that the command line has, too
 */
export function readLine(line: string, names: readonly string[]): Reading {
  const text = line.trim()
  if (text === '') return { kind: 'empty' }
  if (!text.startsWith('{')) return readWords(wordsOf(text), names)
  try {
    const { verb, choice, args = [], id } = jsonLine.parse(JSON.parse(text))
    const reading = readWords([verb, ...(choice === undefined ? [] : [choice]), ...args], names)
    return id === undefined ? reading : { ...reading, id }
  } catch {
    return { kind: 'fault', message: 'That is not a command in JSON.', hint: 'It reads {"verb":"status"}.' }
  }
}

/** Words as a shell reads them: quotes keep blanks together. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s"']+|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? []
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) =>
      double === undefined ? (single ?? '') : double.replace(/\\(["\\])/g, '$1'),
    ),
  )
}

function readWords([word = '', ...rest]: readonly string[], names: readonly string[]): Reading {
  const name = word.toLowerCase()
  if (names.includes(name)) return { kind: 'verb', verb: { verb: 'command', args: [name, ...rest] } }
  if (name === 'resume') return readResume(rest)
  const verb = SIMPLE.get(name)
  if (verb === undefined) {
    const [meant] = name.length > WORD_WIDTH ? [] : near(name, [...WORDS, ...names])
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

/**
 * For the Tab key: what the line so far can become.
 * @param verbs of the command line
 */
export function complete(line: string, verbs: Pick<SessionVerbs, 'names' | 'complete'>): string[] {
  const typed = line.trimStart()
  const words = wordsOf(typed)
  const whole = [...new Set([...HELP.map(([verb]) => verb), 'quit', ...verbs.names])]
  const own = whole.filter((verb) => verb.startsWith(typed.toLowerCase()))
  if (words[0] === undefined || !verbs.names.includes(words[0])) return own
  const last = /\s$/.test(typed) ? '' : (words.pop() ?? '')
  if (words.length === 0) return own
  const before = typed.slice(0, typed.length - last.length)
  return verbs.complete([...words, last]).map((word) => before + word)
}
