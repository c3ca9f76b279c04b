import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { addPerson } from '../product/people.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

const closed = `@id("not-grace")
forbid (
  principal is Gatehouse::Account,
  action == Gatehouse::Action::"audit:read",
  resource
);`

describe('an operator writes a policy', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let page: Page

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 390, height: 800 },
      javaScriptEnabled: true,
    })
    page = await context.newPage()
    await setUp(page, product)
    await addPerson(page, product, 'grace', 'Grace Hopper')
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  /** No violation, no sideways scrolling; a picture where a folder for them is named. */
  async function look(name: string): Promise<void> {
    assert.deepEqual(await findViolations(page), [], name)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, `${name} scrolls`)
    const folder = process.env['GATEHOUSE_PICTURES']
    if (folder === undefined) return
    await page.screenshot({ path: `${folder}/${name}-phone.png`, fullPage: true })
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${folder}/${name}-dark.png`, fullPage: true })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 390, height: 800 })
  }

  /** Types a text; answers how many lines have a number, and how far its last line is from the number of it, in pixels. */
  async function numbersBeside(text: string): Promise<unknown> {
    await page.locator('[name=text]').fill(text)
    return page.evaluate(`(() => {
      const area = document.querySelector('.numbered > textarea')
      const numbers = area.previousElementSibling
      const lines = area.value.split('\\n').length
      const endOf = (part) => {
        const { lineHeight, paddingTop } = getComputedStyle(part)
        return part.getBoundingClientRect().top + part.clientTop + parseFloat(paddingTop) + parseFloat(lineHeight) * lines - part.scrollTop
      }
      const given = numbers.textContent.trimEnd().split('\\n').length
      return { numbers: Math.min(lines, given), apart: Math.round(endOf(area) - endOf(numbers)) }
    })()`)
  }

  test('is shown what is wrong and where, then whose access changes, saves, and goes back', async () => {
    await page.goto(`${product.origin}/policies`)
    await look('policies-empty')
    await page.getByRole('link', { name: 'Write a policy' }).first().click()
    await look('policies-new')
    await page.getByLabel('Title').fill('Groups are closed <b>')
    await page.getByLabel('Name', { exact: true }).fill('closed')
    await page.locator('[name=text]').fill(closed.replace('audit:read', 'audit:fly'))
    await page.getByRole('button', { name: 'See whose access changes' }).click()
    await page.getByText('Line 4, column 13:').waitFor()
    await look('policies-faulty')
    assert.equal(await page.locator('.numbered > pre > b').textContent(), '✕ 4', 'marked beside the text')
    assert.deepEqual(await numbersBeside('closed\n'.repeat(300)), { numbers: 301, apart: 0 })

    await page.locator('[name=text]').fill(closed)
    await page.getByRole('button', { name: 'See whose access changes' }).click()
    await page.getByRole('heading', { name: 'Before and after' }).waitFor()
    await page.getByText('policy:closed/not-grace').first().waitFor()
    await look('policies-trial')
    await page.getByRole('button', { name: 'Save and bring it into force' }).click()
    await page.waitForURL(/\/policies\/closed$/)
    await look('policy')
    await page.getByText('Groups are closed <b>').first().waitFor()

    const refused = await page.goto(`${product.origin}/journal`)
    assert.equal(refused?.status(), 403)
    assert.match(await page.locator('main').innerText(), /policy:closed\/not-grace/, 'with the rule that decided')

    await page.goto(`${product.origin}/policies/closed/edit`)
    await page.locator('[name=text]').fill(`${closed.replace('audit:read', 'networks:read')}`)
    await page.getByLabel('Reason').fill('groups are needed')
    await page.getByRole('button', { name: 'See whose access changes' }).click()
    await page.getByRole('button', { name: 'Save; it stays in force' }).click()
    await page.waitForURL(/\/policies\/closed$/)
    await page.getByRole('link', { name: 'Every version' }).click()
    await look('policy-history')
    await page.getByRole('link', { name: 'Version 1' }).click()
    await look('policy-version')
    await page.getByRole('button', { name: 'See what going back to it changes' }).click()
    await page.getByRole('button', { name: 'Go back to version 1' }).click()
    await page.waitForURL(/\/policies\/closed$/)
    await page.getByText('Back to version 1').waitFor()

    await page.getByRole('button', { name: 'Only watch it' }).click()
    await page.getByRole('button', { name: 'Save and only watch it' }).click()
    await page.getByRole('heading', { name: 'What it would have changed' }).waitFor()
    await look('policy-shadow')
    await page.goto(`${product.origin}/policies/closed/delete`)
    await look('policy-delete')
  })

  test('cannot lock every administrator out, and is told so before saving', async () => {
    await page.goto(`${product.origin}/policies/new`)
    await page.getByLabel('Title').fill('Nobody')
    await page.getByLabel('Name', { exact: true }).fill('nobody')
    await page.locator('[name=text]').fill('forbid (principal, action, resource);')
    await page.getByRole('button', { name: 'See whose access changes' }).click()
    await page.getByText('It would lock every administrator out').waitFor()
    assert.equal(await page.getByRole('button', { name: /^Save/ }).count(), 0)
    await look('policies-lock-out')
    const rows = page.getByRole('row').filter({ hasText: 'Allowed' })
    assert.equal(await rows.filter({ visible: true }).count(), 10)
    await page.getByText(/^\d+ more$/).click()
    assert.ok((await rows.filter({ visible: true }).count()) > 50)
  })
})
