/**
 * A text as tokens, for the finest cut a diff makes: a word, a run of blanks, a line end, one sign. Joined they are the
 * exact text; none begins or ends inside a surrogate pair, between CR and LF, or inside a sequence that shows as one
 * character (a letter with its accents, an emoji with its joiners).
 */

/** Scripts written without blanks between words: one token a character, or a whole sentence would be one token. */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}'
const JOINED = '[\\p{M}\\p{Emoji_Modifier}\\u200c\\u200d]'
const TOKEN = new RegExp(
  [
    '\\r\\n',
    '[\\r\\n]',
    '[ \\t]+',
    `(?:(?![${UNSPACED}])[\\p{L}\\p{N}_$])(?:(?![${UNSPACED}])[\\p{L}\\p{N}_$]|${JOINED})*`,
    `[^](?:${JOINED}|(?<=\\u200d)\\p{Extended_Pictographic})*`,
  ].join('|'),
  'gu',
)
/** Text that the plain pattern cuts in the same way, and faster. */
const ASCII = /^[\0-\x7f]*$/
const ASCII_TOKEN = /\r\n|[ \t]+|[A-Za-z0-9_$]+|[^]/g

/** `text` cut into tokens, in order. */
export function tokens(text: string): string[] {
  return text.match(ASCII.test(text) ? ASCII_TOKEN : TOKEN) ?? []
}
