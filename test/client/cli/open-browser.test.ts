import { expect, test } from 'vitest'
import { openerFor } from '../../../client/cli/open-browser.js'

const URL = 'http://127.0.0.1:9999/#code=c'

test.each([
  ['darwin', {}, { command: 'open', args: [URL] }],
  ['win32', {}, { command: 'cmd', args: ['/c', 'start', '', URL] }],
  ['linux', { DISPLAY: ':0' }, { command: 'xdg-open', args: [URL] }],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, { command: 'xdg-open', args: [URL] }],
  ['linux', { DISPLAY: '' }, undefined],
] as const)('on %s with %j the system’s own opener is called, where there is a screen', (platform, env, opener) => {
  expect(openerFor(platform, env, URL)).toEqual(opener)
})
