import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { crawl } from '../pages/crawl.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { addPerson, addRoute, signIn } from '../product/people.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

describe('every page of the running product', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let administrator: Page

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    administrator = await newPage()
    await setUp(administrator, product)
    await addPerson(administrator, product, 'grace', 'Grace Hopper')
    await addRoute(administrator, product, 'blog')
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 800 } })
    return context.newPage()
  }

  /** Follows every link and answers what is wrong, and the kinds of pages seen. */
  async function walk(page: Page, starts: readonly string[]): Promise<{ faults: string[]; kinds: string[] }> {
    const faults: string[] = []
    let at = ''
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`${at} says ${message.text()}`)
    })
    const stops = await crawl(page, product.origin, starts, async ({ kind }) => {
      at = kind
      for (const violation of await findViolations(page)) faults.push(`${kind} ${violation}`)
      if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
        faults.push(`${kind} scrolls sideways`)
    })
    return { faults, kinds: stops.map(({ kind }) => kind) }
  }

  test('an administrator reaches every room by links; no page has a violation or leaves a phone’s width', async () => {
    const { faults, kinds } = await walk(administrator, ['/', '/sign-in', '/errors'])
    assert.deepEqual(faults, [])
    for (const kind of [
      '/accounts/{id}',
      '/account/tokens/new',
      '/routes/new',
      '/routes/blog',
      '/certificates',
      '/grants',
      '/grants/new',
      '/requests',
      '/why',
      '/journal/{id}',
    ]) {
      assert.ok(kinds.includes(kind), `${kind} among ${kinds.join(' ')}`)
    }
  })

  test('a member sees no room that is not theirs, and reads why an address is refused', async () => {
    const page = await newPage()
    await signIn(page, product, 'grace')
    const { faults, kinds } = await walk(page, ['/'])
    assert.deepEqual(faults, [])
    assert.deepEqual(
      kinds.filter((kind) => /accounts|routes|journal|certificates/.test(kind)),
      [],
    )
    await page.goto(`${product.origin}/journal`)
    assert.ok(await page.getByText('at the step “policy”').isVisible())
    assert.ok(await page.getByText('audit:read').first().isVisible())
    assert.deepEqual(await findViolations(page), [])
    assert.deepEqual(await page.locator('nav.rooms a').allTextContents(), ['Overview'])
  })

  test('a stranger is led to sign in, from every address', async () => {
    const page = await newPage()
    for (const path of ['/', '/journal', '/accounts', '/routes/blog']) {
      await page.goto(product.origin + path)
      assert.equal(new URL(page.url()).pathname, '/sign-in')
    }
    const { faults } = await walk(page, ['/sign-in', '/errors'])
    assert.deepEqual(faults, [])
  })
})
