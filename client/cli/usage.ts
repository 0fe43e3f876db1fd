/** What commander says about arguments, in our form: what is wrong, what may have been meant, where help is. */
import type { CommanderError } from 'commander'
import { EnsembleError } from '../../protocol/errors.js'

const SUGGESTION = /\(Did you mean (.*)\?\)/

/** @param args as they were typed */
export function usageError(
  { code, message }: Pick<CommanderError, 'code' | 'message'>,
  args: readonly string[],
): EnsembleError {
  const unknown = unknownVerb(message, args)
  if (unknown !== undefined) {
    const [group = '', word = ''] = unknown
    return new EnsembleError('E_USAGE', `Unknown command '${word}'.`, { data: { try: `ensemble ${group} --help` } })
  }
  const verbs = wordsOf(args, code)
  const help = ['ensemble', ...verbs, '--help'].join(' ')
  if (code === 'commander.help') {
    const what = verbs.length === 0 ? 'No command was given.' : `"ensemble ${verbs.join(' ')}" needs a command.`
    return new EnsembleError('E_USAGE', what, { data: { try: help } })
  }
  const suggestion = SUGGESTION.exec(message)?.[1]
  const plain = message.replace(/^error: /, '').split('\n')[0] ?? message
  return new EnsembleError('E_USAGE', capitalized(plain), {
    ...(suggestion === undefined ? {} : { hint: `Did you mean ${suggestion}?` }),
    data: { try: help },
  })
}

/** What commander takes for an argument of a group's default verb: the group and the word. Undefined: that verb was typed. */
function unknownVerb(message: string, args: readonly string[]): readonly string[] | undefined {
  const verb = /^error: too many arguments for '(.+?)'/.exec(message)?.[1]
  const [group = '', word = ''] = args
  return verb === undefined || !GROUPS.has(group) || word === verb || word.startsWith('-') ? undefined : [group, word]
}

/** Verbs that have verbs of their own. */
const GROUPS: ReadonlySet<string> = new Set(['server', 'conflicts', 'tasks', 'context', 'lock'])

/** The verbs that were understood: those before the first option, without the one that is unknown. */
function wordsOf(args: readonly string[], code: string): string[] {
  const first = args.findIndex((arg) => arg.startsWith('-'))
  const words = (first === -1 ? args : args.slice(0, first)).slice(0, 2)
  const known = words.filter((_, index) => index === 0 || GROUPS.has(words[0] ?? ''))
  return code === 'commander.unknownCommand' ? known.slice(0, -1) : [...known]
}

function capitalized(text: string): string {
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
