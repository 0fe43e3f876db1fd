/** What `git merge-file` makes of three texts. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileTexts } from '../../protocol/text/merge-files.js'

export interface GitMerge {
  /** Capped at 127, as exit codes are. */
  readonly conflicts: number
  /** With markers where it is in conflict. */
  readonly text: string
}

export interface GitMergeFile {
  /** Labels are `ours`, `base` and `theirs`. */
  merge(texts: FileTexts, options?: readonly string[]): GitMerge
  close(): void
}

/** In a folder of its own, without any configuration of the user's. */
export function openGitMergeFile(): GitMergeFile {
  const dir = mkdtempSync(join(tmpdir(), 'ensemble-git-merge-'))
  const sides = ['ours', 'base', 'theirs'] as const
  return {
    merge: (texts, options = []) => {
      for (const side of sides) writeFileSync(join(dir, side), texts[side])
      const { status, stdout, stderr } = spawnSync('git', ['merge-file', '-p', ...options, ...sides], {
        cwd: dir,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
      })
      if (status === null || status > 127) throw new Error(`git merge-file failed: ${stderr}`)
      return { conflicts: status, text: stdout }
    },
    close: () => {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
