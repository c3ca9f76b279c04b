import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { hashSync } from '@node-rs/bcrypt'
import type { Browser, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { password as adminPassword, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

const deploying = 'kettle moss abdication'
const next = 'gravel lantern parade orchid'
const leaked = 'newproject2004'

describe('passwords in a browser', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let ada: Page

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    ada = await newPage()
    await setUp(ada, product)
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  async function newPage(javaScriptEnabled = true): Promise<Page> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 390, height: 800 },
      javaScriptEnabled,
    })
    return context.newPage()
  }

  async function signIn(page: Page, handle: string, password: string): Promise<void> {
    await page.goto(`${product.origin}/sign-in`)
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL((url) => url.pathname !== '/sign-in')
  }

  async function fillTwice(page: Page, password: string): Promise<void> {
    await page.locator('[name=password]').fill(password)
    await page.locator('[name=passwordAgain]').fill(password)
  }

  test('one more is added with limits, signs in within them, is reset with them, and revoked with its sessions', async () => {
    await ada.goto(`${product.origin}/account/security`)
    await ada.getByRole('link', { name: 'Add a password' }).click()
    await ada.getByLabel('Label').fill('Reading people')
    await ada.getByLabel('Only what is chosen below').check()
    await ada.getByText('See accounts', { exact: true }).click()
    const output = ada.locator('output.strength')
    // as far as its script
    await ada.waitForLoadState()
    for (const [typed, said] of [
      ['short', '7 more characters needed.'],
      ['twelve chars', 'Fair by its length'],
      [deploying, 'Good by its length.'],
      [next, 'Strong by its length.'],
    ] as const) {
      await ada.locator('[name=password]').fill(typed)
      assert.match((await output.textContent()) ?? '', new RegExp(said), typed)
    }
    await fillTwice(ada, leaked)
    await ada.getByRole('button', { name: 'Add the password' }).click()
    await ada.locator('main', { hasText: 'list of leaked ones' }).waitFor()
    assert.equal(await ada.locator('[name=password]').inputValue(), '', 'not shown again')
    assert.equal(await ada.getByLabel('Label').inputValue(), 'Reading people')
    await fillTwice(ada, deploying)
    await ada.getByRole('button', { name: 'Add the password' }).click()
    await ada.getByText('By its length the new password is good.').waitFor()

    const elsewhere = await newPage()
    await signIn(elsewhere, 'ada', deploying)
    await elsewhere.goto(`${product.origin}/accounts`)
    await elsewhere.getByText('Ada Lovelace').first().waitFor()
    assert.equal((await elsewhere.goto(`${product.origin}/networks/new`))?.status(), 403)

    const row = ada.getByRole('row', { name: /Reading people/ })
    await row.getByRole('link', { name: 'Reset…' }).click()
    await fillTwice(ada, next)
    await ada.getByRole('button', { name: 'Set the password' }).click()
    await ada.getByText('By its length the new password is strong.').waitFor()
    await elsewhere.goto(`${product.origin}/accounts`)
    assert.match(elsewhere.url(), /\/sign-in/, 'what the old one opened has ended')
    await signIn(elsewhere, 'ada', next)
    assert.equal((await elsewhere.goto(`${product.origin}/networks/new`))?.status(), 403, 'the limits stayed')

    await ada.goto(`${product.origin}/account/security`)
    await row.getByRole('link', { name: 'Revoke…' }).click()
    await ada.getByText('One session that rests on it ends at once').waitFor()
    await ada.getByRole('button', { name: 'Revoke the password' }).click()
    await ada.getByText('It is revoked').waitFor()
    await elsewhere.goto(`${product.origin}/accounts`)
    assert.match(elsewhere.url(), /\/sign-in/)
  })

  test('without script everything works, and strength is said after sending', async () => {
    const plain = await newPage(false)
    await signIn(plain, 'ada', adminPassword)
    await plain.goto(`${product.origin}/account/credentials/new/password`)
    await plain.getByLabel('Label').fill('Without script')
    await fillTwice(plain, 'twelve chars')
    await plain.getByRole('button', { name: 'Add the password' }).click()
    await plain.getByText('By its length the new password is fair').waitFor()
  })

  test('a leaked one leads to its change before anything else', async () => {
    const body = JSON.stringify({ handle: 'sam', displayName: 'Sam Vimes', passwordHash: hashSync(leaked, 4) })
    const status = await ada.evaluate(`(async () => {
      const headers = { 'content-type': 'application/json' }
      return (await fetch('/api/v1/accounts', { method: 'POST', headers, body: ${JSON.stringify(body)} })).status
    })()`)
    assert.equal(status, 201)
    const sam = await newPage()
    await signIn(sam, 'sam', leaked)
    await sam.waitForURL(`${product.origin}/account/password`)
    await sam.getByText('This password is known to have leaked').waitFor()
    assert.deepEqual(await findViolations(sam), [])
    await sam.goto(`${product.origin}/`)
    assert.equal(sam.url(), `${product.origin}/account/password`)
    await sam.locator('[name=presentPassword]').fill(leaked)
    await fillTwice(sam, next)
    await sam.getByRole('button', { name: /Change the password/ }).click()
    await sam.getByText('By its length the new password is strong.').waitFor()
    assert.equal((await sam.goto(`${product.origin}/`))?.url(), `${product.origin}/`)
  })
})
