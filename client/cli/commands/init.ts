/** `ensemble init`: sets up what stands around a workspace; so far, the merge driver of its git repository. */
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context } from '../context.js'
import { EXIT, type ExitCode } from '../fault.js'
import { installDriver, removeDriver } from '../merge/git-driver.js'

export interface InitOptions {
  readonly gitMergeDriver?: boolean
  readonly remove?: boolean
  readonly json?: boolean
}

export async function init(options: InitOptions, { print, cwd }: Context): Promise<ExitCode> {
  if (options.gitMergeDriver !== true) {
    throw new EnsembleError('E_USAGE', 'Nothing was named that is to be set up.', {
      data: { try: 'ensemble init --git-merge-driver' },
    })
  }
  const remove = options.remove === true
  const { file, changed } = remove ? await removeDriver(cwd) : await installDriver(cwd)
  if (options.json === true) {
    print.json({ schema: 'ensemble.init/1', gitMergeDriver: !remove, file, changed })
    return EXIT.ok
  }
  if (changed.length === 0) {
    print.say(remove ? `${file} names no driver of Ensemble.` : `${file} names Ensemble already; nothing was changed.`)
    return EXIT.ok
  }
  print.say(remove ? `Taken out of ${file}:` : `Written into ${file}:`)
  for (const line of changed) print.say(`  ${line}`)
  if (!remove) {
    print.say('Git now merges, rebases and picks with "ensemble merge-file", wherever attributes name no other driver.')
    print.say('To undo it: ensemble init --git-merge-driver --remove')
  }
  return EXIT.ok
}
