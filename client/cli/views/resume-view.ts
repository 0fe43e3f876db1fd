/** What a folder holds back, between what one can choose, and what became of it. */
import { unreachable } from '../../../protocol/errors.js'
import type { Pause, ResumeChoice } from '../../../protocol/folder.js'
import type { Resumed } from '../../bridge/api.js'
import { count, list } from '../words.js'

/** What a choice does, after "to". */
export function effectOf(choice: ResumeChoice): string {
  switch (choice) {
    case 'delete':
      return 'delete them for everyone'
    case 'accept':
      return 'pass it on to everyone'
    case 'restore':
      return 'bring back here what the server has'
    default:
      return unreachable(choice)
  }
}

/** For someone at the prompt of a session. */
export function sessionWays({ choices }: Pick<Pause, 'choices'>): string {
  return `Type ${choices.map((choice) => `"resume ${choice}" to ${effectOf(choice)}`).join(', or ')}.`
}

/** For someone at a shell: a line for each choice, to be copied. @param command with the folder, as `ensemble resume --dir a` */
export function shellWays({ choices }: Pick<Pause, 'choices'>, command: string): string[] {
  return choices.map((choice) => `to ${effectOf(choice)}:  ${command} --${choice}`)
}

/** Some of what is held, by name; no line where nothing is. */
export function heldPaths({ files, paths }: Pick<Pause, 'files' | 'paths'>): string[] {
  if (paths.length === 0) return []
  const more = files - paths.length
  return [more > 0 ? `${paths.join(', ')} and ${count(more, 'other', 'others')}` : list(paths, paths.length)]
}

export function doneWords({ choice, files, kept }: Pick<Resumed, 'choice' | 'files' | 'kept'>): string[] {
  const those = count(files, 'file')
  switch (choice) {
    case 'delete':
      return [`${those} ${files === 1 ? 'is' : 'are'} deleted for everyone.`]
    case 'accept':
      return [`${those} ${files === 1 ? 'goes' : 'go'} to everyone as ${files === 1 ? 'it is' : 'they are'} here.`]
    case 'restore':
      return [
        `${those} ${files === 1 ? 'comes' : 'come'} back as the server has ${files === 1 ? 'it' : 'them'}.`,
        ...(kept === null ? [] : [`What was written here is kept in ${kept}.`]),
      ]
    default:
      return unreachable(choice)
  }
}
