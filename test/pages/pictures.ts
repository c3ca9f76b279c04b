import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from '../product/browser.ts'
import { type Demo, startDemo } from '../product/demo.ts'

/**
 * `bin/runtime test/pages/pictures.ts [FOLDER]`: the README's pictures, light and dark, taken of `npm run demo` in
 * Chromium. What they show is what the demo's people see; nothing is drawn.
 */
const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../../docs/pictures'))
const size = { width: 1180, height: 760 }

mkdirSync(folder, { recursive: true })
const place = mkdtempSync(join(tmpdir(), 'gatehouse-pictures-'))
const demo = await startDemo(join(place, 'data'))
const browser = await openBrowser()
try {
  for (const handle of ['grace', 'sam', 'tom']) {
    const page = await signedIn(browser, demo, handle, demo.places.get('wiki') ?? '')
    await page.getByText('Welcome, ').waitFor()
    await page.context().close()
  }
  const lin = await signedIn(browser, demo, 'lin', demo.places.get('wiki') ?? '')
  await lin.getByRole('heading', { name: 'Refused' }).waitFor()
  await picture(lin, 'refusal')
  const ada = await signedIn(browser, demo, 'ada', `${demo.origin}/sign-in`)
  // refusals reach the journal within a second
  await ada.waitForTimeout(1_500)
  await ada.goto(`${demo.origin}/`)
  await picture(ada, 'overview')
  await ada.goto(`${demo.origin}/journal`)
  await picture(ada, 'journal')
  await ada.goto(`${demo.origin}/accounts`)
  const href = (await ada.getByRole('link', { name: 'Sam Okafor' }).first().getAttribute('href')) ?? ''
  const id = href.split('/').at(-1) ?? ''
  await ada.goto(`${demo.origin}/why?permission=routes:use:wiki&principal=${id}`)
  await picture(ada, 'why')
  await dryRun(ada)
  await picture(ada, 'dry-run')
} finally {
  await browser.close()
  await demo.end()
  rmSync(place, { recursive: true, force: true })
}

async function signedIn(chromium: Browser, { passwords }: Demo, handle: string, url: string): Promise<Page> {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true, viewport: size, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(url)
  await page.getByLabel('Handle').fill(handle)
  await page.getByLabel('Password', { exact: true }).fill(passwords.get(handle) ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((where) => !where.pathname.startsWith('/sign-in'))
  return page
}

/** What a policy would change, before it is saved: whom it shuts out of the wiki. */
async function dryRun(page: Page): Promise<void> {
  await page.goto(`${demo.origin}/policies/new`)
  await page.getByLabel('Title').fill('The wiki only on the VPN')
  await page.getByLabel('Name', { exact: true }).fill('wiki-on-the-vpn')
  await page.getByLabel('Text').fill(`forbid (
  principal,
  action == Gatehouse::Action::"routes:use",
  resource == Gateway::Route::"wiki"
)
unless { context.networks.contains("vpn") };
`)
  await page.getByRole('button', { name: 'See whose access changes' }).click()
  await page.getByRole('heading', { level: 1 }).waitFor()
}

async function picture(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const path = join(folder, `${name}-${colorScheme}.png`)
    await page.screenshot({ path, animations: 'disabled' })
    process.stdout.write(`${path}\n`)
  }
}
