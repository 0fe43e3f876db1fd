/** Which grammar a file's name asks for. Each is a chunk of its own, loaded when the first such file is opened. */
import type { LanguageSupport } from '@codemirror/language'

const LOADERS: readonly { readonly endings: RegExp; readonly load: () => Promise<LanguageSupport> }[] = [
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

/** Resolves with null where there is none: the text is shown plain. */
export async function languageOf(path: string): Promise<LanguageSupport | null> {
  const loader = LOADERS.find(({ endings }) => endings.test(path.toLowerCase()))
  return loader === undefined ? null : loader.load()
}
