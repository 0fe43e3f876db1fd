/** One browser for a file of tests: each page is closed after its test, and must have done nothing that it must not. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { ServedFolder } from '../../support/served-folder.js'

export interface Pages {
  /** A page that has gone nowhere yet. @param origin the only place that it may ask for anything */
  readonly blank: (origin: string) => Promise<Page>
  /** A page of the dashboard, with its token. */
  readonly open: (folder: ServedFolder, path?: string, options?: BrowserContextOptions) => Promise<Page>
}

/** Called once, outside of any test. */
export function usePages(): Pages {
  let browser: Browser
  const pages: Page[] = []
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  afterEach(async () => {
    for (const page of pages.splice(0)) {
      expect(faultsOf(page)).toEqual([])
      await page.context().close()
    }
  })
  const blank = async (origin: string, options?: BrowserContextOptions): Promise<Page> => {
    const page = await openPage(browser, origin, options)
    pages.push(page)
    return page
  }
  return {
    blank,
    open: async (folder, path = '/', options) => {
      const page = await blank(folder.url, options)
      await page.goto(folder.page(path))
      return page
    },
  }
}

/** A folder with a server on it, for the length of a test. */
export async function serve(files: Readonly<Record<string, string | Uint8Array>>): Promise<ServedFolder> {
  const folder = new ServedFolder(files)
  onTestFinished(() => folder.close())
  await folder.start()
  return folder
}
