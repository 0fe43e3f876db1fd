import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** A file that only passes on what another holds hides where things are, and joins files that have nothing in common. */
const noBarrels = [
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrels: import from the file that holds it.',
  },
  {
    selector: 'ExportNamedDeclaration[source]',
    message: 'No barrels: import from the file that holds it.',
  },
]

/** One name for one thing, the same wherever it is imported. */
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'Export it by name.' }

export default defineConfig(
  { ignores: ['dist/**', 'test-results/**', '**/.ensemble/**', 'docs/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-async-promise-executor': 'error',
      'no-case-declarations': 'error',
      'no-cond-assign': 'error',
      'no-console': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-control-regex': 'error',
      'no-debugger': 'error',
      'no-dupe-else-if': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-duplicate-case': 'error',
      'no-empty': 'error', // an error swallowed: say why, in a comment, where that is right
      'no-fallthrough': 'error',
      'no-global-assign': 'error',
      'no-irregular-whitespace': 'error',
      'no-loss-of-precision': 'error',
      'no-misleading-character-class': 'error',
      'no-prototype-builtins': 'error',
      'no-restricted-syntax': ['error', ...noBarrels, noDefaultExport],
      'no-self-assign': 'error',
      'no-self-compare': 'error',
      'no-sparse-arrays': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-unsafe-optional-chaining': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': 'off', // `onClick={() => close()}` confuses nobody
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }], // by code points is what is meant
      '@typescript-eslint/no-redundant-type-constituents': 'off', // `unknown | undefined` tells a reader more
      '@typescript-eslint/no-unnecessary-condition': 'off', // knows nothing of a field that changes during an await
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // costs more than all the others
      '@typescript-eslint/no-unsafe-enum-assignment': 'off', // there are no enums
      '@typescript-eslint/no-unsafe-type-assertion': 'error', // parse at the door; inside, types are true
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off', // `async` also turns a throw into a rejection, as a port promises
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
    },
  },
  {
    // A test builds wrong things on purpose, and knows what it has just put there.
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
    },
  },
  {
    files: ['client/cli/print.ts', 'client/cli/print/**', 'test/bench/**', 'test/support/find-chromium.js'],
    rules: { 'no-console': 'off' },
  },
  {
    // Their tools demand it.
    files: ['*.config.js', '*.config.ts', '**/*.config.ts', '.dependency-cruiser.js'],
    rules: { 'no-restricted-syntax': ['error', ...noBarrels] },
  },
)
