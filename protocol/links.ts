/** Links that open the dashboard: a code that is good once, and the session that it is exchanged for. */
import { z } from 'zod'
import { timestamp } from './files.js'

/** What a session may do: `read` sees everything and changes nothing. */
export const access = z.enum(['write', 'read'])
export type Access = z.infer<typeof access>

/** Default: a link that may write. */
export const linkCommand = z.object({ access: access.optional() })
export type LinkCommand = z.infer<typeof linkCommand>

/** The dashboard's address with `#code=…` behind it is the link. */
export const link = z.object({ code: z.string(), access, expiresAt: timestamp })
export type Link = z.infer<typeof link>

export const useLinkCommand = z.object({ code: z.string().min(1).max(200) })

/** `token` is sent as the workspace's own is: `Authorization: Bearer`, or `?token=` to a socket. */
export const pageSession = z.object({ token: z.string(), access, expiresAt: timestamp })
export type PageSession = z.infer<typeof pageSession>
