/** Which grammar a file's name asks for. Each is a chunk of its own, loaded when the first such file is opened. */
import type { LanguageSupport } from '@codemirror/language'

/** Rejects when the server does not deliver the chunk; may be called again. */
export type LanguageLoader = () => Promise<LanguageSupport>

const LOADERS: readonly { readonly endings: RegExp; readonly load: LanguageLoader }[] = [
  {
    endings: /\.(?:[cm]?[jt]s|[jt]sx)$/,
    load: async () => (await import('@codemirror/lang-javascript')).javascript({ jsx: true, typescript: true }),
  },
  { endings: /\.(?:json|jsonc|webmanifest)$/, load: async () => (await import('@codemirror/lang-json')).json() },
  { endings: /\.css$/, load: async () => (await import('@codemirror/lang-css')).css() },
  { endings: /\.(?:html?|svg|xml)$/, load: async () => (await import('@codemirror/lang-html')).html() },
  { endings: /\.(?:md|markdown)$/, load: async () => (await import('@codemirror/lang-markdown')).markdown() },
  { endings: /\.pyi?$/, load: async () => (await import('@codemirror/lang-python')).python() },
]

/** Null where there is none: the text is shown plain. */
export function loaderOf(path: string): LanguageLoader | null {
  return LOADERS.find(({ endings }) => endings.test(path.toLowerCase()))?.load ?? null
}
