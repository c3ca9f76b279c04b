import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { findViolations } from '../journeys/axe.ts'
import { openBrowser } from '../product/browser.ts'
import { addGroup, addNetwork, addPerson, addRoute, signIn } from '../product/people.ts'
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
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.on('console', (message) => process.stdout.write(`${page.url()} says ${message.text()}\n`))
  await setUp(page, product, () => page.screenshot({ path: `${folder}/setup.png`, fullPage: true }))
  const look = async (name: string) => {
    for (const violation of await findViolations(page)) process.stdout.write(`${name} ${violation}\n`)
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
    await page.setViewportSize({ width: 390, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true })
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.emulateMedia({ colorScheme: 'light' })
    process.stdout.write(`${page.url()} ${name}\n`)
  }
  await look('first-overview')
  await addPerson(page, product, 'grace', 'Grace Hopper')
  await addRoute(page, product, 'blog')
  await addGroup(page, product, 'operators')
  await addNetwork(page, product, 'office')
  await crawl(page, product.origin, ['/', '/sign-in', '/errors'], ({ kind }) =>
    look(kind.slice(1).replaceAll(/[^a-z0-9]+/gi, '-') || 'overview'),
  )
  await page.goto(`${product.origin}/accounts`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await look('signed-out')
  await signIn(page, product, 'grace')
  await look('member-overview')
  await page.goto(`${product.origin}/journal`)
  await look('member-refused')
  await page.goto(`${product.origin}/nowhere`)
  await look('not-found')
} finally {
  await browser.close()
  await cleanUp()
}
