import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { findViolations } from '../journeys/axe.ts'
import { openBrowser } from '../product/browser.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, startProduct } from '../product/start.ts'
import { crawl } from './crawl.ts'

/**
 * `bin/runtime test/pages/tour.ts [FOLDER]`: starts the product, sets it up, and follows every link as its
 * administrator; a picture of each page at a desk (light) and on a phone (dark), and what axe-core says of it.
 */
const folder = resolve(process.argv[2] ?? 'tour')
mkdirSync(folder, { recursive: true })
const product = await startProduct()
const browser = await openBrowser()
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  page.on('console', (message) => process.stdout.write(`${page.url()} says ${message.text()}\n`))
  await setUp(page, product, () => page.screenshot({ path: `${folder}/setup.png`, fullPage: true }))
  await crawl(page, product.origin, ['/', '/sign-in'], async ({ kind }) => {
    const name = kind.slice(1).replaceAll(/[^a-z0-9]+/gi, '-') || 'overview'
    for (const violation of await findViolations(page)) process.stdout.write(`${kind} ${violation}\n`)
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
    await page.setViewportSize({ width: 390, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true })
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.emulateMedia({ colorScheme: 'light' })
    process.stdout.write(`${kind} ${name}\n`)
  })
} finally {
  await browser.close()
  await cleanUp()
}
