/** Shows an address in the person's browser, by the means of the system. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from './find-server.js'

export interface Opener {
  readonly command: string
  readonly args: readonly string[]
}

/** Some openers stay as long as the browser does: one that has not failed by then has opened it. In milliseconds. */
const PATIENCE = 2_000

/** Undefined: there is no screen to show it on. */
export function openerFor(platform: NodeJS.Platform, env: Environment, url: string): Opener | undefined {
  switch (platform) {
    case 'darwin':
      return { command: 'open', args: [url] }
    case 'win32':
      return { command: 'cmd', args: ['/c', 'start', '', url] }
    default: {
      // Without a screen xdg-open may start a browser in this terminal.
      const isShown = ['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'WSL_DISTRO_NAME'].some((name) => env[name])
      return isShown ? { command: 'xdg-open', args: [url] } : undefined
    }
  }
}

/** Whether it was opened, as far as can be told. */
export async function openBrowser(url: string, env: Environment): Promise<boolean> {
  const opener = openerFor(process.platform, env, url)
  if (opener === undefined) return false
  const child = spawn(opener.command, opener.args, { env, stdio: 'ignore', detached: true })
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
  const decided = new AbortController()
  const patience = sleep(PATIENCE, true, { signal: decided.signal }).catch(() => true)
  const opened = await Promise.race([ended, patience])
  decided.abort()
  child.unref()
  return opened
}
