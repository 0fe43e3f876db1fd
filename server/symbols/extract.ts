/** Reads the symbols out of a syntax tree. It holds no stack of its own depth: code may be nested as deep as it likes. */
import type { Node, TreeCursor } from 'web-tree-sitter'
import type { Declares, Language, SymbolKind } from './languages.js'

/** Lines count from 1, `to` included. */
export interface CodeSymbol {
  /** With the names of what it stands in: `Class.method`, `outer.inner`. */
  readonly name: string
  readonly kind: SymbolKind
  readonly from: number
  readonly to: number
  /** Whether it can be trusted: `broken` holds errors of syntax, `before` is from the file as it was last sound. */
  readonly by: 'syntax' | 'broken' | 'before'
}

const MAX_SYMBOLS = 20_000
/** Around a single declaration, these belong to it. */
const AROUND = new Set([
  'export_statement',
  'decorated_definition',
  'ambient_declaration',
  'lexical_declaration',
  'variable_declaration',
  'type_declaration',
  'expression_statement',
  'var_declaration',
  'var_spec_list',
  'field_declaration',
  'local_variable_declaration',
])
/** Before a declaration, these belong to it. */
const BEFORE = new Set(['decorator', 'attribute_item'])
const FUNCTIONS = new Set([
  ...['arrow_function', 'function_expression', 'generator_function', 'class'],
  ...['lambda', 'func_literal', 'closure_expression', 'lambda_expression'],
])
/** Around a single value, these are that value. */
const WRAPPERS = new Set(['parenthesized_expression', 'as_expression', 'satisfies_expression', 'expression_list'])
/** What a value can be named by: no pattern, and nothing that is worked out. */
const PLAIN_NAME = /^(?!this\.)[\p{L}\p{N}_$#.-]+$/u

interface Rows {
  readonly from: number
  readonly to: number
}

/** What stands around a node. */
interface Around {
  readonly prefix: string
  readonly isHolder: boolean
  /** Of a node of AROUND. */
  readonly rows: Rows | null
  /** Row of the first decorator before the next node. */
  lead: number | null
}

export function extractSymbols(root: Node, { nodes }: Language): CodeSymbol[] {
  const symbols: CodeSymbol[] = []
  const cursor = root.walk()
  const around: Around[] = [{ prefix: '', isHolder: false, rows: null, lead: null }]
  for (;;) {
    const outer = around.at(-1)
    if (outer === undefined || symbols.length >= MAX_SYMBOLS) break
    const inner = enter(cursor, outer, nodes, symbols)
    if (inner !== null && cursor.gotoFirstChild()) {
      around.push(inner)
      continue
    }
    while (!cursor.gotoNextSibling()) {
      around.pop()
      if (around.length <= 1 || !cursor.gotoParent()) {
        cursor.delete()
        return symbols
      }
    }
  }
  cursor.delete()
  return symbols
}

/** Notes the symbol that begins here, if one does. Null: nothing in it is looked at. */
function enter(cursor: TreeCursor, outer: Around, nodes: Language['nodes'], symbols: CodeSymbol[]): Around | null {
  const type = cursor.nodeType
  if (BEFORE.has(type)) {
    outer.lead ??= cursor.startPosition.row
    return null
  }
  const { lead } = outer
  if (cursor.nodeIsNamed && !type.endsWith('comment')) outer.lead = null
  const isAround = AROUND.has(type)
  const declares = Object.hasOwn(nodes, type) ? nodes[type] : undefined
  const plain: Around = { prefix: outer.prefix, isHolder: false, rows: null, lead: null }
  if (declares === undefined && !isAround)
    return isBody(type) || WRAPPERS.has(type) ? { ...plain, isHolder: outer.isHolder } : plain
  const node = cursor.currentNode
  const own = rowsOf(node, outer, lead)
  if (declares === undefined) {
    const single = node.namedChildren.filter((child) => !BEFORE.has(child.type) && !child.isExtra).length === 1
    return { ...plain, isHolder: outer.isHolder, rows: single ? own : null }
  }
  const name = nameOf(node, declares)
  if (name === null) return plain
  const full = outer.prefix + name
  const value = declares.kind === 'ifFunction' ? valueOf(node, declares) : undefined
  if (declares.kind === 'ifFunction') {
    if (value === undefined || !PLAIN_NAME.test(name)) return plain
    if (value === 'object') return { ...plain, prefix: `${full}.`, isHolder: true }
    if (!FUNCTIONS.has(value)) return plain
  }
  const kind = kindOf(declares, value, outer)
  if (kind !== null) {
    const by = node.hasError ? 'broken' : 'syntax'
    symbols.push({ name: full, kind, from: own.from + 1, to: own.to + 1, by })
  }
  return { prefix: `${full}.`, isHolder: declares.holder === true || value === 'class', rows: null, lead: null }
}

function isBody(type: string): boolean {
  return (
    type === 'object' ||
    type.endsWith('body') ||
    type === 'block' ||
    type === 'declaration_list' ||
    type === 'enum_body_declarations'
  )
}

function valueOf(node: Node, { value = 'value' }: Declares): string | undefined {
  let found = node.childForFieldName(value)
  while (found !== null && WRAPPERS.has(found.type)) found = found.namedChild(0)
  return found?.type
}

function rowsOf(node: Node, { rows }: Around, lead: number | null): Rows {
  if (rows !== null) return rows
  const { row, column } = node.endPosition
  const from = Math.min(node.startPosition.row, lead ?? Infinity)
  return { from, to: column === 0 ? Math.max(from, row - 1) : row }
}

function kindOf({ kind }: Declares, value: string | undefined, { isHolder }: Around): SymbolKind | null {
  if (kind === 'names') return null
  if (value === 'class') return 'class'
  const isCode = kind === 'ifFunction' || kind === 'function'
  return isCode ? (isHolder ? 'method' : 'function') : kind
}

function nameOf(node: Node, { field, receiver }: Declares): string | null {
  const name = node.childForFieldName(field)
  if (name === null) return null
  const own = plainName(name)
  if (receiver === undefined) return own
  const type = node.childForFieldName(receiver)?.descendantsOfType('type_identifier')[0]
  return type === undefined ? own : `${type.text}.${own}`
}

/** `Foo` of `a::Foo<T>`, `go` of `exports.go`, `App.go` of `App.prototype.go`; a name in quotation marks without them. */
function plainName(node: Node): string {
  if (node.type === 'member_expression') {
    return node.text.replace(/^(?:module\.)?exports\.(?=\w)/u, '').replace('.prototype.', '.')
  }
  const inner = node.childForFieldName(node.type === 'generic_type' ? 'type' : 'name')
  if (inner !== null) return plainName(inner)
  return node.text.replace(/^(["'])(.*)\1$/u, '$2')
}
