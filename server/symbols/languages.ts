/** Which grammar reads which file, and what in it is a symbol. */

/** A `type` is whatever has a name and is neither a class nor code: an interface, a struct, an enum. */
export type SymbolKind = 'function' | 'class' | 'method' | 'type'

/**
 * What a node of a syntax tree declares. `field`: where its name stands. `holder`: it has methods; `names` alone: it is no
 * symbol itself, but what stands in it is named after it; `ifFunction`: only if its value is a function or a class; of an
 * object what stands in it is named after it.
 */
export interface Declares {
  readonly kind: SymbolKind | 'names' | 'ifFunction'
  readonly field: string
  readonly holder?: boolean
  /** Where the value stands, of `ifFunction`; default `value`. */
  readonly value?: string
  /** Where the type stands that a method belongs to, though it is declared elsewhere. */
  readonly receiver?: string
}

export interface Language {
  /** Of the grammar's file: `tree-sitter-GRAMMAR.wasm`. */
  readonly grammar: string
  readonly nodes: Readonly<Record<string, Declares>>
}

const FUNCTION: Declares = { kind: 'function', field: 'name' }
const CLASS: Declares = { kind: 'class', field: 'name', holder: true }
const TYPE: Declares = { kind: 'type', field: 'name', holder: true }
const NAMES: Declares = { kind: 'names', field: 'name' }
const METHOD: Declares = { kind: 'method', field: 'name' }

const SCRIPT = {
  function_declaration: FUNCTION,
  generator_function_declaration: FUNCTION,
  class_declaration: CLASS,
  method_definition: METHOD,
  variable_declarator: { kind: 'ifFunction', field: 'name' },
  field_definition: { kind: 'ifFunction', field: 'property' },
  pair: { kind: 'ifFunction', field: 'key' },
  assignment_expression: { kind: 'ifFunction', field: 'left', value: 'right' },
} as const satisfies Record<string, Declares>

const TYPED = {
  ...SCRIPT,
  function_signature: FUNCTION,
  abstract_class_declaration: CLASS,
  interface_declaration: TYPE,
  enum_declaration: TYPE,
  type_alias_declaration: TYPE,
  method_signature: METHOD,
  abstract_method_signature: METHOD,
  public_field_definition: { kind: 'ifFunction', field: 'name' },
  internal_module: NAMES,
  module: NAMES,
} as const satisfies Record<string, Declares>

const JAVASCRIPT: Language = { grammar: 'javascript', nodes: SCRIPT }
const TYPESCRIPT: Language = { grammar: 'typescript', nodes: TYPED }

const PYTHON: Language = {
  grammar: 'python',
  nodes: {
    function_definition: FUNCTION,
    class_definition: CLASS,
    assignment: { kind: 'ifFunction', field: 'left', value: 'right' },
  },
}

const GO: Language = {
  grammar: 'go',
  nodes: {
    function_declaration: FUNCTION,
    method_declaration: { kind: 'method', field: 'name', receiver: 'receiver' },
    type_spec: TYPE,
    type_alias: TYPE,
    var_spec: { kind: 'ifFunction', field: 'name' },
    short_var_declaration: { kind: 'ifFunction', field: 'left', value: 'right' },
  },
}

const RUST: Language = {
  grammar: 'rust',
  nodes: {
    function_item: FUNCTION,
    function_signature_item: FUNCTION,
    macro_definition: FUNCTION,
    struct_item: TYPE,
    enum_item: TYPE,
    union_item: TYPE,
    type_item: TYPE,
    trait_item: TYPE,
    impl_item: { kind: 'names', field: 'type', holder: true },
    mod_item: NAMES,
    static_item: { kind: 'ifFunction', field: 'name' },
    const_item: { kind: 'ifFunction', field: 'name' },
    let_declaration: { kind: 'ifFunction', field: 'pattern' },
  },
}

const JAVA: Language = {
  grammar: 'java',
  nodes: {
    class_declaration: CLASS,
    record_declaration: CLASS,
    interface_declaration: TYPE,
    annotation_type_declaration: TYPE,
    enum_declaration: TYPE,
    method_declaration: METHOD,
    constructor_declaration: METHOD,
    compact_constructor_declaration: METHOD,
    variable_declarator: { kind: 'ifFunction', field: 'name' },
  },
}

const BY_EXTENSION: ReadonlyMap<string, Language> = new Map([
  ['ts', TYPESCRIPT],
  ['mts', TYPESCRIPT],
  ['cts', TYPESCRIPT],
  ['tsx', { grammar: 'tsx', nodes: TYPED }],
  ['js', JAVASCRIPT],
  ['mjs', JAVASCRIPT],
  ['cjs', JAVASCRIPT],
  ['jsx', JAVASCRIPT],
  ['py', PYTHON],
  ['pyi', PYTHON],
  ['go', GO],
  ['rs', RUST],
  ['java', JAVA],
])

/** The extensions whose symbols are known, for messages. */
export const EXTENSIONS: readonly string[] = [...BY_EXTENSION.keys()]

export function languageOf(path: string): Language | undefined {
  return BY_EXTENSION.get(path.slice(path.lastIndexOf('.') + 1).toLowerCase())
}
