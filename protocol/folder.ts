/** Folders that are kept in step with the server: the one that it serves, and every agent's own. */
import { z } from 'zod'
import { timestamp } from './files.js'

/** What a person can say to what a folder holds back; `restore` gives the folder back what the server has. */
export const resumeChoice = z.enum(['delete', 'accept', 'restore'])
export type ResumeChoice = z.infer<typeof resumeChoice>

/** Why a folder waits for a person. For what was held at once, everything else goes on. */
export const pause = z.object({
  code: z.string().max(100),
  /** What happened, and what was expected. */
  message: z.string().max(5_000),
  hint: z.string().max(5_000),
  /** Files that wait; 0: the folder as a whole does. */
  files: z.int().nonnegative().default(0),
  /** Some of them. */
  paths: z.array(z.string().max(4_096)).max(10).default([]),
  /** What can be said with `ensemble resume`; empty: nothing, see `hint`. */
  choices: z.array(resumeChoice).default([]),
  since: timestamp.nullable().default(null),
})
export type Pause = z.infer<typeof pause>

/** What of a folder is not in step with the server, and why. */
export const folderStatus = z.object({
  /** Something waits for a person. */
  paused: pause.nullable(),
  /** Paths that stay out of step until they change: too large, not readable, no regular files. */
  leftOut: z.int().nonnegative(),
})
export type FolderStatus = z.infer<typeof folderStatus>
