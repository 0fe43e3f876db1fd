/**
 * Which grammar a file's name asks for. Each is a chunk of its own, loaded when the first such file is opened. Only the languages
 * themselves: their lists of completions would be a third of each chunk, and nothing here completes.
 */
import { Prec, type Extension } from '@codemirror/state'
import { keymap } from '@codemirror/view'

/** Rejects when the server does not deliver the chunk; may be called again. */
export type LanguageLoader = () => Promise<Extension>

const LOADERS: readonly { readonly endings: RegExp; readonly load: LanguageLoader }[] = [
  {
    endings: /\.(?:[cm]?[jt]s|[jt]sx)$/,
    load: async () => {
      const { tsxLanguage, autoCloseTags } = await import('@codemirror/lang-javascript')
      return [tsxLanguage, autoCloseTags]
    },
  },
  {
    endings: /\.(?:json|jsonc|webmanifest)$/,
    load: async () => {
      const { jsonLanguage } = await import('@codemirror/lang-json')
      return jsonLanguage
    },
  },
  {
    endings: /\.css$/,
    load: async () => {
      const { cssLanguage } = await import('@codemirror/lang-css')
      return cssLanguage
    },
  },
  {
    endings: /\.(?:html?|svg|xml)$/,
    load: async () => {
      const { htmlLanguage, autoCloseTags } = await import('@codemirror/lang-html')
      return [htmlLanguage, autoCloseTags]
    },
  },
  {
    endings: /\.(?:md|markdown)$/,
    load: async () => {
      const { markdownLanguage, markdownKeymap, pasteURLAsLink } = await import('@codemirror/lang-markdown')
      return [markdownLanguage, pasteURLAsLink, Prec.high(keymap.of(markdownKeymap))]
    },
  },
  {
    endings: /\.pyi?$/,
    load: async () => {
      const { pythonLanguage } = await import('@codemirror/lang-python')
      return pythonLanguage
    },
  },
]

/** Null where there is none: the text is shown plain. */
export function loaderOf(path: string): LanguageLoader | null {
  return LOADERS.find(({ endings }) => endings.test(path.toLowerCase()))?.load ?? null
}
