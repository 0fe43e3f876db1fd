/** Parses code. What that needs is loaded with the first text, a grammar with the first text of its language. */
import { createRequire } from 'node:module'
import { Language as Grammar, Parser } from 'web-tree-sitter'
import { diff } from '../../protocol/text/diff.js'
import { linesOfSpan, mapSpan, spanOfLines } from '../locks/span.js'
import { extractSymbols, type CodeSymbol } from './extract.js'
import { languageOf, type Language } from './languages.js'

/** A file as it was when it was sound. */
export interface SoundCode {
  readonly text: string
  readonly symbols: readonly CodeSymbol[]
}

export interface SymbolsQuestion {
  readonly path: string
  readonly text: string
  readonly before: SoundCode | null
}

export interface SymbolTable {
  readonly isSound: boolean
  readonly symbols: readonly CodeSymbol[]
}

/** No text takes longer to be parsed; broken code may take a hundred times as long as sound code. In milliseconds. */
const PARSE_TIME = 2_000

const NOTHING: SymbolTable = { isSound: false, symbols: [] }

const resolve = createRequire(import.meta.url).resolve
let ready: Promise<void> | undefined
const parsers = new Map<string, Promise<Parser>>()

/**
 * @param elapsed milliseconds from any start, never backwards
 * @throws Error a grammar cannot be loaded
 */
export async function parseSymbols(
  { path, text, before }: SymbolsQuestion,
  elapsed: () => number,
): Promise<SymbolTable> {
  const language = languageOf(path)
  if (language === undefined) return NOTHING
  const table = parse(await parserOf(language), { language, text, elapsed })
  return table.isSound || before === null ? table : withBefore(table, text, before)
}

async function parserOf({ grammar }: Language): Promise<Parser> {
  ready ??= Parser.init()
  await ready
  const known = parsers.get(grammar)
  if (known !== undefined) return await known
  const loading = Grammar.load(resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`)).then((loaded) =>
    new Parser().setLanguage(loaded),
  )
  parsers.set(grammar, loading)
  return await loading
}

interface Code {
  readonly language: Language
  readonly text: string
  readonly elapsed: () => number
}

function parse(parser: Parser, { language, text, elapsed }: Code): SymbolTable {
  const end = elapsed() + PARSE_TIME
  const tree = parser.parse(text, null, { progressCallback: () => elapsed() > end })
  if (tree === null) {
    parser.reset()
    return NOTHING
  }
  try {
    return { isSound: !tree.rootNode.hasError, symbols: extractSymbols(tree.rootNode, language) }
  } finally {
    tree.delete()
  }
}

/** What is broken now stands where its text has gone since it was sound. */
function withBefore(table: SymbolTable, text: string, before: SoundCode): SymbolTable {
  const sound = new Set(table.symbols.flatMap(({ name, by }) => (by === 'syntax' ? [name] : [])))
  const edits = diff(before.text, text)
  const moved = before.symbols.flatMap((symbol): CodeSymbol[] => {
    if (sound.has(symbol.name)) return []
    const span = mapSpan(spanOfLines(before.text, symbol), edits, true)
    if (span.from.at === span.to.at) return []
    return [{ ...symbol, ...linesOfSpan(span), by: 'before' }]
  })
  return { isSound: false, symbols: [...table.symbols, ...moved] }
}
