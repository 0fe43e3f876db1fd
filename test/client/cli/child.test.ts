import type { ChildProcess } from 'node:child_process'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { startChild } from '../../../client/cli/child.js'

const REFUSED = `process.send({ type: 'failed', problem: { code: 'E_AGENT_TAKEN', message: 'Taken.', retry: false, data: {} } },
  () => process.disconnect())`

test('whoever hears that a process could not start finds it ended: its folder is nobody’s any more', async () => {
  let child: ChildProcess | undefined
  const start = startChild({
    ...{ args: ['--eval', REFUSED], detached: false, env: process.env, info: z.object({}) },
    onProgress: () => undefined,
    onSpawn: (spawned) => {
      child = spawned
    },
  })
  await expect(start).rejects.toMatchObject({ code: 'E_AGENT_TAKEN' })
  expect(child?.exitCode).toBe(0)
})
