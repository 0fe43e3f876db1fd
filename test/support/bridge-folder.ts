/** A folder of its own for a test, and bridges in it that end with the test. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { BridgeOptions } from '../../client/bridge/api.js'
import { openBridge, type Bridge } from '../../client/bridge/bridge.js'
import type { BridgeConnection, BridgeLog } from '../../client/bridge/ports.js'
import { until } from './wait.js'

const SILENT: BridgeLog = { debug: skip, info: skip, warn: skip, error: skip }

export class Folder {
  readonly root: string

  constructor(root = mkdtempSync(join(tmpdir(), 'ensemble-bridge-'))) {
    this.root = root
    onTestFinished(() => {
      rmSync(root, { recursive: true, force: true })
    })
  }

  of(path: string): string {
    return join(this.root, path)
  }

  /** In place, as most tools do. */
  write(path: string, content: string | Uint8Array, mode?: number): void {
    mkdirSync(dirname(this.of(path)), { recursive: true })
    writeFileSync(this.of(path), content, mode === undefined ? {} : { mode })
  }

  read(path: string): string | undefined {
    try {
      return readFileSync(this.of(path), 'utf8')
    } catch {
      return undefined
    }
  }

  /** Every file but the data folder's, with its text. */
  texts(folder = ''): Record<string, string> {
    const found: [string, string][] = []
    for (const entry of readdirSync(this.of(folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.name === '.ensemble') continue
      if (entry.isDirectory()) found.push(...Object.entries(this.texts(path)))
      else if (entry.isFile()) found.push([path, this.read(path) ?? ''])
    }
    return Object.fromEntries(found.sort())
  }

  /** A bridge that is closed when the test ends. */
  async bridge(connection: BridgeConnection, options: Partial<BridgeOptions> = {}): Promise<Bridge> {
    const { config, ...rest } = options
    const bridge = await openBridge({
      dir: this.root,
      connection,
      log: process.env['BRIDGE_LOG'] === undefined ? SILENT : LOUD,
      config: { quietMilliseconds: 10, auditSeconds: 1, fileBytes: 10 * 1024 * 1024, ...config },
      ...rest,
    })
    onTestFinished(() => bridge.close())
    return bridge
  }

  async synced(connection: BridgeConnection, options: Partial<BridgeOptions> = {}): Promise<Bridge> {
    const bridge = await this.bridge(connection, options)
    await bridge.synced()
    await bridge.idle()
    return bridge
  }

  async holds(path: string, text: string | undefined): Promise<void> {
    await until(() => this.read(path) === text, `${path} to hold ${JSON.stringify(text)}`)
  }
}

const LOUD: BridgeLog = { debug: print, info: print, warn: print, error: print }

function print(facts: object, message: string): void {
  process.stderr.write(`${(performance.now() % 100_000).toFixed(1)} ${message} ${JSON.stringify(facts)}\n`)
}

function skip(): void {
  // a test looks at what happens, not at what is said about it
}
