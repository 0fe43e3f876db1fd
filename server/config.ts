/** Reads the configuration of a workspace. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './storage/files.js'
import { DEFAULT_CONFIG, parseConfig, type Config } from '../protocol/config.js'

export const CONFIG_FILE = 'ensemble.config.json'

/** @throws EnsembleError E_CONFIG */
export async function loadConfig(workspace: string): Promise<Config> {
  const text = await readFile(join(workspace, CONFIG_FILE), 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  return text === undefined ? DEFAULT_CONFIG : parseConfig(text)
}
