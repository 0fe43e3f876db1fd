import { expect, onTestFinished, test } from 'vitest'
import { SYSTEM } from '../../../client/bridge/environment.js'
import { IgnoreRules } from '../../../client/bridge/ignore.js'
import type { BridgeLog } from '../../../client/bridge/ports.js'
import { Scanner, type ScannerOptions } from '../../../client/bridge/scanner.js'
import { Folder } from '../../support/bridge-folder.js'
import { until } from '../../support/wait.js'

function scanning(options: Partial<ScannerOptions>) {
  const folder = new Folder()
  folder.write('f.txt', 'f\n')
  const errors: string[] = []
  const skip = (): void => undefined
  const log: BridgeLog = { debug: skip, info: skip, warn: skip, error: (_facts, message) => void errors.push(message) }
  const scanner = new Scanner({
    ...{ root: folder.root, rules: new IgnoreRules(folder.root), environment: SYSTEM, log, auditSeconds: 0.01 },
    ...{ isChanged: () => true, tracked: () => [], onChanged: skip, onRules: skip, onAudit: () => true },
    ...{ onFolder: skip, onMissing: skip, onScanned: skip, onAudited: skip, onUnnameable: skip },
    ...options,
  })
  onTestFinished(() => scanner.close())
  return { folder, scanner, errors }
}

const broken = (): never => {
  throw new Error('broken')
}

test('[BRIDGE-12] an audit that fails is told, and the next one comes', async () => {
  let passes = 0
  let fails = true
  const { scanner, errors } = scanning({
    onAudit: () => {
      passes++
      return fails && passes > 2 ? broken() : true
    },
  })
  scanner.startAudit()
  await until(() => errors.length > 2)
  expect(new Set(errors)).toEqual(new Set(['an audit failed; the next one tries again']))
  fails = false
  const before = passes
  await until(() => passes > before + 2)
})

test('a look over the folder, or at a part of it, that fails is told and ends nobody', async () => {
  const { scanner, errors } = scanning({ isChanged: broken })
  await scanner.scan()
  scanner.scanFolder('')
  await until(() => errors.length === 2)
  scanner.rescanSoon('', true)
  await until(() => errors.length === 3)
})
