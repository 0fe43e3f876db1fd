/** `ensemble dashboard`: opens the dashboard by a link that is good once. */
import { link, type Access } from '../../../protocol/links.js'
import type { Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { openBrowser } from '../open-browser.js'
import { ask, type ServerAddress } from '../server-api.js'

export interface DashboardOptions extends Wishes {
  readonly printUrl?: boolean
  readonly readOnly?: boolean
  readonly json?: boolean
}

export async function dashboard(options: DashboardOptions, { print, env, cwd }: Context): Promise<ExitCode> {
  const { printUrl = false, readOnly = false, json = false, ...wishes } = options
  const server = await findServer(wishes, { cwd, env })
  const made = await makeLink(server, readOnly ? 'read' : 'write')
  const opened = !printUrl && (await openBrowser(made.url, env))
  if (json) print.json({ schema: 'ensemble.dashboard/1', ...made, opened })
  else if (opened)
    print.lines([`Opened the dashboard of ${server.url} in the browser${readOnly ? ', read-only' : ''}.`])
  else {
    if (!printUrl) print.say('No browser could be opened from here. This opens the dashboard once, for ten minutes:')
    print.lines([made.url])
  }
  return EXIT.ok
}

/** A link of its own: each opens one page. @throws EnsembleError E_UNREACHABLE, or what the server says */
export async function makeLink(
  server: ServerAddress,
  access: Access,
): Promise<{ readonly url: string; readonly access: Access; readonly expiresAt: number }> {
  const { code, ...made } = await ask(server, '/api/links', link, { body: { access } })
  return { url: `${server.url}/#code=${code}`, ...made }
}
