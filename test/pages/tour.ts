import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { openBrowser } from '../product/browser.ts'
import { startDemo } from '../product/demo.ts'
import { addCertificateProfile, addDevice, addEnrolmentToken, addToken, addWebhook } from '../product/people.ts'
import { crawl } from './crawl.ts'

/**
 * `bin/runtime test/pages/tour.ts [FOLDER]`: pictures of every page of the demo, reached by links: as its administrator,
 * as a member and as a stranger, each on a phone and at a desk, in light and dark. They are for looking at.
 */
const folder = resolve(process.argv[2] ?? 'tour')
const sizes = { phone: { width: 390, height: 800 }, desk: { width: 1280, height: 800 } }
mkdirSync(folder, { recursive: true })
const place = mkdtempSync(join(tmpdir(), 'gatehouse-tour-'))
const demo = await startDemo(join(place, 'data'))
const browser = await openBrowser()
try {
  const ada = await open('ada')

  await addWebhook(ada, demo, 'siem')
  await addToken(ada, demo, 'backup')
  await addEnrolmentToken(ada, demo, 'wm-42')
  await addCertificateProfile(ada, demo, 'internal')
  await addDevice(ada, demo, 'wm-43')
  await visit(ada, 'ada', ['/', '/errors', '/search?q=wiki', '/why?permission=routes:use:payroll', '/nowhere'])
  await visit(await open('lin'), 'lin', ['/', '/journal', '/why?permission=routes:use:payroll', '/search?q=wiki'])
  await visit(await newPage(), 'stranger', ['/sign-in'])
} finally {
  await browser.close()
  await demo.end()
  rmSync(place, { recursive: true, force: true })
}

async function newPage(): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' })
  return context.newPage()
}

async function open(handle: string): Promise<Page> {
  const page = await newPage()
  await page.goto(`${demo.origin}/sign-in`)
  await page.getByLabel('Handle').fill(handle)
  await page.getByLabel('Password', { exact: true }).fill(demo.passwords.get(handle) ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${demo.origin}/`)
  return page
}

/** One page of each kind; of things that differ by name alone, one. */
async function visit(page: Page, who: string, starts: readonly string[]): Promise<void> {
  const seen = new Set<string>()
  await crawl(page, demo.origin, starts, async ({ kind }) => {
    const one = kind.replace(
      /^(\/(?:groups|networks|policies|roles|routes))\/(?!new\b|schema\b|check\b|test\b)[^/]+/,
      '$1/name',
    )
    if (seen.size === seen.add(one).size) return
    const name = one.slice(1).replaceAll(/[^a-z0-9]+/gi, '-') || 'overview'
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport)
      // as tall as the page, so that what is fixed to the window covers nothing
      const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
      await page.setViewportSize({ ...viewport, height })
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: join(folder, `${who}-${name}-${size}-${colorScheme}.png`) })
      }
    }
    process.stdout.write(`${who} ${page.url()}\n`)
  })
}
