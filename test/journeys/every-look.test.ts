import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { crawl } from '../pages/crawl.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { type Demo, startDemo } from '../product/demo.ts'
import { cleanUp, newDirectory } from '../product/start.ts'
import { findFaintColours, findViolations } from './axe.ts'
import { findUnseenFocus } from './focus.ts'

/** A phone, a tablet held upright, a desk. */
const widths = [360, 768, 1280] as const
const looks = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  'forced colours': { colorScheme: 'dark', forcedColors: 'active' },
} as const

describe('every page of the demo, looked at', { skip: browserMissing() }, () => {
  let browser: Browser
  let demo: Demo

  before(async () => {
    demo = await startDemo(join(newDirectory(), 'data'))
    browser = await openBrowser()
  })

  after(async () => {
    await browser.close()
    await demo.end()
    await cleanUp()
  })

  async function openAsAdministrator(): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' })).newPage()
    await page.goto(`${demo.origin}/sign-in`)
    await page.getByLabel('Handle').fill('ada')
    await page.getByLabel('Password', { exact: true }).fill(demo.passwords.get('ada') ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${demo.origin}/`)
    return page
  }

  /** One that is refused, so that its page has deliveries to show. */
  async function addWebhook(page: Page): Promise<void> {
    await page.goto(`${demo.origin}/webhooks/new`)
    await page.getByLabel('Name', { exact: true }).fill('siem')
    await page.getByLabel('Address').fill('https://127.0.0.1:9/hook')
    await page.getByRole('button', { name: 'Add the webhook' }).click()
    await page.getByText('shown this once').waitFor()
  }

  test('none is too wide, has a violation or hides the focus, at three widths in three looks', async () => {
    const page = await openAsAdministrator()
    await addWebhook(page)
    const seen = new Set<string>()
    const faults: string[] = []
    const starts = ['/', '/errors', '/search?q=wiki', '/why?permission=routes:use:payroll', '/nowhere', '/sign-in']
    await crawl(page, demo.origin, starts, async ({ kind, path }) => {
      // things that differ by name alone are looked at once: of two networks one
      const one = kind.replace(
        /^(\/(?:groups|networks|policies|roles|routes))\/(?!new\b|schema\b|check\b|test\b)[^/]+/,
        '$1/{name}',
      )
      if (seen.size === seen.add(one).size) return
      for (const fault of await lookAt(page)) faults.push(`${path} ${fault}`)
    })
    assert.deepEqual(faults, [])
    assert.ok(seen.size > 50, `only ${[...seen].join(' ')}`)
  })
})

/** Between a phone and a desk nothing but the layout changes, which is measured. */
const between = 768

/** All rules in one look, at both ends; of the others, whose styles differ in colours alone, those about colours. */
async function violationsIn(page: Page, look: string, width: number): Promise<readonly string[]> {
  if (width === between) return []
  if (look === 'light') return findViolations(page)
  return width === 1280 ? findFaintColours(page) : []
}

/** What is wrong with the page in each look at each width. */
async function lookAt(page: Page): Promise<readonly string[]> {
  const faults: string[] = []
  for (const [look, media] of Object.entries(looks)) {
    await page.emulateMedia(media)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      const where = `at ${width}, ${look}:`
      for (const violation of await violationsIn(page, look, width)) faults.push(`${where} ${violation}`)
      const unseen = width === between ? [] : await findUnseenFocus(page)
      faults.push(...unseen.map((markup) => `${where} the focus is not seen on ${markup}`))
      const beyond = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
      if (beyond > 0) faults.push(`${where} ${beyond} pixels too wide`)
    }
  }
  return faults
}
