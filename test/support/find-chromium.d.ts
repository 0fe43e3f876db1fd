/** The Chromium to test with, or undefined. Throws where CHROMIUM_PATH names something that does not run. */
export function findChromium(): { readonly path: string; readonly version: string } | undefined
