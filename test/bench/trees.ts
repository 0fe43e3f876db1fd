/** Source trees to measure on, made alike every time. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A text of about so many bytes that looks like source. */
export function source(name: string, bytes: number): string {
  const lines: string[] = []
  for (let size = 0, i = 0; size < bytes; i++) {
    const line = i % 12 === 0 ? '' : `  const ${name.replace(/\W/g, '_')}_${i} = compute(${i}, "value ${i * 7919}")`
    lines.push(line)
    size += line.length + 1
  }
  return `${lines.join('\n')}\n`
}

/** Writes `count` files of about `bytes` each, twenty a folder. Returns their paths in the tree. */
export async function makeTree(dir: string, count: number, bytes: number): Promise<string[]> {
  const paths = Array.from(
    { length: count },
    (_, i) => `src/part${Math.floor(i / 400)}/unit${Math.floor(i / 20)}/file${i}.ts`,
  )
  const folders = new Set(paths.map((path) => dirname(join(dir, path))))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  for (let at = 0; at < paths.length; at += 200) {
    await Promise.all(paths.slice(at, at + 200).map((path) => writeFile(join(dir, path), source(path, bytes))))
  }
  return paths
}
