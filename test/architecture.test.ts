/** The map of the source (CONTRIBUTING.md, "Lay of the land"), held by tests. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..')
// These read the whole source: seconds alone, much longer on a machine that is busy with other things.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
const TIERS = ['protocol', 'server', 'client', 'dashboard']
/** Longer files hold more than one thing. In lines. */
const LONGEST_FILE = 450

const report = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
})

/** What dependency-cruiser finds wrong in a tree, as `rule: from → to`. */
async function violations(tree: string): Promise<string[]> {
  const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const parameters = ['--config', join(ROOT, '.dependency-cruiser.js'), '--output-type', 'json', ...TIERS]
  const output = await new Promise<string>((resolve, reject) => {
    const limits = { cwd: tree, maxBuffer: 256 * 1024 * 1024 }
    execFile(process.execPath, [cli, ...parameters], limits, (error, stdout, stderr) => {
      // It exits with the number of violations: only an empty answer is a failure of the tool.
      if (stdout === '') reject(new Error(stderr, { cause: error }))
      else resolve(stdout)
    })
  })
  const found = report.parse(JSON.parse(output)).summary.violations
  return found.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`)
}

async function sources(): Promise<{ readonly path: string; readonly text: string }[]> {
  const found = []
  for (const tier of TIERS) {
    for (const entry of await readdir(join(ROOT, tier), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue
      const file = join(entry.parentPath, entry.name)
      found.push({ path: relative(ROOT, file).split(sep).join('/'), text: await readFile(file, 'utf8') })
    }
  }
  return found
}

/** What a file imports, types included. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName)
}

describe('import direction', () => {
  it('holds in the source: imports point down, never sideways, never in a circle', async () => {
    expect(await violations(ROOT)).toEqual([])
  })

  describe('on wrong sources made for it', () => {
    /** Importer → imported, each in a file of its own, and the rule that must refuse it. */
    const wrong: readonly (readonly [from: string, to: string, rule: string])[] = [
      ['protocol/up', 'server/log', 'protocol-is-the-floor'],
      ['protocol/sideways', 'client/sdk/leaf', 'protocol-is-the-floor'],
      ['protocol/node', 'node:fs', 'protocol-is-pure'],
      ['server/storage/sideways', 'server/log', 'server-storage-imports-down'],
      ['server/storage/up', 'server/documents/leaf', 'server-storage-imports-down'],
      ['server/events/sideways', 'server/auth/leaf', 'server-events-imports-down'],
      ['server/documents/sideways', 'server/locks/leaf', 'server-documents-imports-down'],
      ['server/tasks/sideways', 'server/journal/leaf', 'server-tasks-imports-down'],
      ['server/sync/sideways', 'server/http/leaf', 'server-sync-imports-down'],
      ['server/http/up', 'server/assemble', 'server-http-imports-down'],
      ['server/http/client', 'client/sdk/leaf', 'server-without-client'],
      ['server/http/page', 'dashboard/leaf', 'server-without-client'],
      ['server/http/tests', 'test/leaf', 'source-without-tests'],
      ['server/http/homeless', 'server/attic/leaf', 'server-has-rooms'],
      ['server/http/tool', 'typescript', 'no-development-packages'],
      ['server/http/nowhere', 'server/http/missing', 'no-unresolved'],
      ['client/sdk/up', 'client/bridge/leaf', 'client-sdk-imports-down'],
      ['client/sdk/node', 'node:fs', 'sdk-runs-in-browsers'],
      ['client/bridge/up', 'client/cli/leaf', 'client-bridge-imports-down'],
      ['client/mcp/sideways', 'client/cli/leaf', 'client-mcp-imports-down'],
      ['client/cli/server', 'server/log', 'client-without-server'],
      ['client/cli/page', 'dashboard/leaf', 'client-without-server'],
      ['client/cli/program-early', 'client/cli/commands/leaf', 'verbs-load-when-they-run'],
      ['client/cli/homeless', 'client/attic/leaf', 'client-has-rooms'],
      ['dashboard/server', 'server/log', 'dashboard-sees-protocol-and-sdk'],
      ['dashboard/bridge', 'client/bridge/leaf', 'dashboard-sees-protocol-and-sdk'],
      ['dashboard/node', 'node:fs', 'sdk-runs-in-browsers'],
    ]
    const right: readonly (readonly [from: string, to: string])[] = [
      ['protocol/text/down', 'protocol/leaf'],
      ['server/storage/down', 'protocol/leaf'],
      ['server/documents/down', 'server/storage/leaf'],
      ['server/documents/within', 'server/documents/leaf'],
      ['server/http/routes/down', 'server/documents/leaf'],
      ['server/main', 'client/bridge/leaf'],
      ['client/bridge/down', 'client/sdk/leaf'],
      ['client/cli/down', 'client/bridge/leaf'],
      ['client/cli/node', 'node:fs'],
      ['client/cli/package', 'commander'],
      ['dashboard/down', 'client/sdk/leaf'],
    ]
    let tree = ''
    let found: string[] = []

    const isOurs = (name: string): boolean => /^(?:protocol|server|client|dashboard|test)\//.test(name)

    async function write(name: string, text: string): Promise<void> {
      const file = join(tree, `${name}.ts`)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }

    beforeAll(async () => {
      tree = await mkdtemp(join(tmpdir(), 'ensemble-architecture-'))
      for (const file of ['package.json', 'tsconfig.json']) await cp(join(ROOT, file), join(tree, file))
      await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
      const pairs = [...wrong, ...right]
      for (const [, to] of pairs) {
        if (isOurs(to) && !to.endsWith('/missing')) await write(to, 'export const leaf = 1\n')
      }
      for (const [from, to] of pairs) {
        const up = '../'.repeat(from.split('/').length - 1)
        await write(from, `import '${isOurs(to) ? `${up}${to}.js` : to}'\n`)
      }
      await write('protocol/circle-a', `import './circle-b.js'\n`)
      await write('protocol/circle-b', `import type { A } from './circle-a.js'\nexport type B = A\n`)
      found = await violations(tree)
    })
    afterAll(() => rm(tree, { recursive: true, force: true }))

    it.each(wrong)('%s may not import %s', (from, _to, rule) => {
      expect(found.filter((violation) => violation.startsWith(`${rule}: ${from}.ts → `))).toHaveLength(1)
    })

    it.each(right)('%s may import %s', (from) => {
      expect(found.filter((violation) => violation.includes(`: ${from}.ts → `))).toEqual([])
    })

    it('a circle is refused, also one of types alone', () => {
      expect(found.some((violation) => violation.startsWith('no-cycle: protocol/circle-'))).toBe(true)
    })
  })
})

describe('files', () => {
  it('climb at most two folders; only protocol/, the floor under everything, may be further away', async () => {
    const climbs = (await sources()).flatMap(({ path, text }) =>
      importsOf(text)
        .filter((name) => /^(?:\.\.\/){3}/.test(name) && !/^(?:\.\.\/){3}protocol\//.test(name))
        .map((name) => `${path} imports ${name}`),
    )
    expect(climbs).toEqual([])
  })

  it(`are at most ${LONGEST_FILE} lines long, and none is called index`, async () => {
    const faults = (await sources())
      .filter(({ path, text }) => text.split('\n').length > LONGEST_FILE + 1 || /(?:^|\/)index\.tsx?$/.test(path))
      .map(({ path }) => path)
    expect(faults).toEqual([])
  })
})

describe('protocol is pure', () => {
  /** The two globals that every place it runs in has, although they are no part of the language. */
  const ALLOWED = `
    declare class TextEncoder { encode(text?: string): Uint8Array<ArrayBuffer> }
    declare class TextDecoder {
      constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
      decode(bytes?: Uint8Array): string
    }`

  /** What does not compile where there is no Node, no page and no timer. */
  function faults(extra: string): string[] {
    const options: ts.CompilerOptions = {
      lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts'],
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    }
    const host = ts.createCompilerHost(options)
    const made: Record<string, string> = { 'protocol/allowed.d.ts': ALLOWED, 'protocol/extra.ts': extra }
    const fromDisk = host.readFile.bind(host)
    const onDisk = host.fileExists.bind(host)
    const textOf = (name: string): string | undefined => made[relative(ROOT, name).split(sep).join('/')]
    host.readFile = (name) => textOf(name) ?? fromDisk(name)
    host.fileExists = (name) => textOf(name) !== undefined || onDisk(name)
    host.getSourceFile = (name, target) => {
      const text = host.readFile(name)
      return text === undefined ? undefined : ts.createSourceFile(name, text, target)
    }
    const files = ts.sys.readDirectory(join(ROOT, 'protocol'), ['.ts'])
    const program = ts.createProgram([...files, ...Object.keys(made).map((name) => join(ROOT, name))], options, host)
    return program
      .getSourceFiles()
      .filter((file) => file.fileName.startsWith(join(ROOT, 'protocol')))
      .flatMap((file) => program.getSemanticDiagnostics(file))
      .map(
        (fault) =>
          `${relative(ROOT, fault.file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(fault.messageText, ' ')}`,
      )
  }

  it('uses the language alone: nothing of Node, no page, no timer', () => {
    expect(faults('export {}')).toEqual([])
  })

  it('and any of these would be seen', () => {
    const globals = ['process', 'document', 'window', 'setTimeout', 'queueMicrotask', 'console', 'Buffer', 'fetch']
    const found = faults(`export const uses = [${globals.join(', ')}]`)
    for (const name of globals) expect(found.join('\n')).toContain(`protocol/extra.ts: Cannot find name '${name}'`)
  })
})

describe('pages', () => {
  it('hold no marker of a merge that was left half done', async () => {
    const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'protocol/SPEC.md', 'test/bench/RESULTS.md']
    const texts = await Promise.all(
      pages.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })),
    )
    // A formatter takes the last one for a quotation in a quotation.
    const marked = [...texts, ...(await sources())].filter(({ text }) => /^(?:<{7} |>{7} |(?:> ){7})/m.test(text))
    expect(marked.map(({ path }) => path)).toEqual([])
  })
})
