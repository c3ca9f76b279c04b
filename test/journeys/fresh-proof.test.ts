import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { password, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

describe('a fresh proof in a browser', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let ada: Page

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    ada = await context.newPage()
    await setUp(ada, product)
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  /** As if everybody had proved themselves eleven minutes earlier; until the server has heard of it. */
  async function waitElevenMinutes(): Promise<void> {
    const database = new DatabaseSync(join(product.directory, 'data', 'gatehouse.db'), { timeout: 30_000 })
    database.exec('update identity_sessions set proved_at = proved_at - 660000')
    database.exec(`insert into platform_epochs values ('sessions', 0, 1)
      on conflict (name, shard) do update set value = value + 1`)
    database.close()
    const other = await ada.context().newPage()
    do await other.goto(`${product.origin}/account/tokens/new`)
    while (!other.url().includes('/account/prove'))
    await other.close()
  }

  async function prove(page: Page): Promise<void> {
    await page.getByRole('heading', { name: 'Is it still you?' }).waitFor()
    await page.locator('[name=password]').fill(password)
    await page.getByRole('main').getByRole('button').first().click()
  }

  const rename = () => ada.getByRole('row', { name: /password/i }).getByRole('link', { name: 'Rename' })

  test('what was typed too late is kept on the page, and sent once a proof was given in another tab', async () => {
    await ada.goto(`${product.origin}/account/security`)
    await rename().click()
    await ada.getByLabel('Label').fill('The "old" password')
    await waitElevenMinutes()
    await ada.getByRole('button', { name: 'Save the label' }).click()
    await ada.getByRole('heading', { name: 'Is it still you?' }).waitFor()
    assert.deepEqual(await findViolations(ada), [])
    const opened = ada.context().waitForEvent('page')
    await ada.getByRole('link', { name: 'Prove yourself in another tab' }).click()
    const other = await opened
    await prove(other)
    await other.waitForURL(`${product.origin}/`)
    await ada.getByRole('button', { name: 'Send it again' }).click()
    await ada.getByText('It is renamed.').waitFor()
    await ada.getByRole('cell', { name: 'The "old" password' }).waitFor()
  })

  test('a page that changes something leads to the proof and back', async () => {
    await waitElevenMinutes()
    await ada.goto(`${product.origin}/account/security`)
    await rename().click()
    await prove(ada)
    await ada.getByRole('heading', { name: 'Rename the password' }).waitFor()
    assert.equal(await ada.getByLabel('Label').inputValue(), 'The "old" password')
  })
})
