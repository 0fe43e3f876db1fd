/** A glob over paths, as it is checked at the door. */
import { z } from 'zod'
import { globFault } from './globs.js'

export const pathGlob = z.string().superRefine((glob, context) => {
  const fault = globFault(glob)
  if (fault === undefined) return
  context.addIssue({ code: 'custom', message: `${JSON.stringify(glob)} is no glob: ${fault}` })
})
