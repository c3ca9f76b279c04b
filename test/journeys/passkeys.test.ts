import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { type Authenticator, addAuthenticator } from '../product/authenticator.ts'
import { browserMissing, openTrustingBrowser } from '../product/browser.ts'
import { addPerson } from '../product/people.ts'
import { password, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

// one story, told in order: each test goes on where the one before stopped
describe('people sign in with passkeys and codes', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let grace: Page
  let reader: Authenticator

  before(async () => {
    product = await startProduct()
    browser = await openTrustingBrowser(product.origin)
    const ada = await newPage()
    await setUp(ada, product)
    await addPerson(ada, product, 'grace', 'Grace Hopper')
    await addPerson(ada, product, 'linus', 'Linus Torvalds')
  })
  after(async () => {
    await browser?.close()
    await cleanUp()
  })

  async function newPage(): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    page.setDefaultTimeout(20_000)
    // virtual authenticators choose from the browser's list by themselves, before anything can be pressed
    await page.addInitScript(`
      if (localStorage.getItem('list') === null) PublicKeyCredential.isConditionalMediationAvailable = async () => false
    `)
    return page
  }

  async function typePassword(page: Page, handle: string): Promise<void> {
    await page.goto(`${product.origin}/sign-in`)
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  const atHome = (page: Page) => page.waitForURL(`${product.origin}/`)

  const press = (page: Page, name: string) => page.getByRole('button', { name }).click()

  async function signOut(page: Page): Promise<void> {
    await page.goto(`${product.origin}/account`)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.waitForURL(/\/sign-in/)
  }

  test('a passkey is made on the security page', async () => {
    grace = await newPage()
    reader = await addAuthenticator(grace)
    await typePassword(grace, 'grace')
    await atHome(grace)
    await grace.goto(`${product.origin}/account/security`)
    await grace.getByRole('link', { name: 'Add a passkey' }).click()
    await grace.getByRole('button', { name: 'Go on' }).click()
    await press(grace, 'Make the passkey')
    await grace.getByText('It is made').waitFor()
    assert.equal(await reader.count(), 1)
    assert.match(await grace.locator('main').innerText(), /This device/)
  })

  test('an authenticator that has one of the account makes no second', async () => {
    await grace.goto(`${product.origin}/account/credentials/new/passkey`)
    await grace.getByRole('button', { name: 'Go on' }).click()
    await press(grace, 'Make the passkey')
    await grace.getByText('has a passkey for this account already').waitFor()
    assert.equal(await reader.count(), 1)
  })

  test('it signs in without a handle', async () => {
    await signOut(grace)
    await press(grace, 'Use a passkey')
    await atHome(grace)
    assert.match(await grace.locator('.who').innerText(), /Grace Hopper\s+.*passkey/)
  })

  test('it signs in from the list the browser offers where the handle is typed', async () => {
    await grace.evaluate('localStorage.setItem("list", "yes")')
    await grace.goto(`${product.origin}/account`)
    await grace.getByRole('button', { name: 'Sign out', exact: true }).click()
    await atHome(grace)
    await grace.evaluate('localStorage.removeItem("list")')
  })

  test('it signs in with a handle that was typed', async () => {
    await signOut(grace)
    await grace.getByLabel('Handle').fill('Grace')
    await press(grace, 'Use a passkey')
    await atHome(grace)
  })

  test('made anew, the old one is refused and the new one signs in', async () => {
    await grace.goto(`${product.origin}/account/security`)
    await grace
      .getByRole('row', { name: /This device/ })
      .getByRole('link', { name: 'Reset…' })
      .click()
    await press(grace, 'Make another passkey in its place')
    await grace.waitForURL(/security\?done=reset/)
    await signOut(grace)
    await press(grace, 'Use a passkey')
    await atHome(grace)
  })

  test('revoked, it signs in no more', async () => {
    await typePasswordAgain()
    await grace.goto(`${product.origin}/account/security`)
    await grace
      .getByRole('row', { name: /This device/ })
      .getByRole('link', { name: 'Revoke…' })
      .click()
    await grace.getByRole('button', { name: 'Revoke the passkey' }).click()
    await grace.getByText('It is revoked').waitFor()
    await signOut(grace)
    await press(grace, 'Use a passkey')
    await grace.getByText('Not signed in').waitFor()
  })

  async function typePasswordAgain(): Promise<void> {
    await signOut(grace)
    await typePassword(grace, 'grace')
    await atHome(grace)
  }

  test('a security key that only sees a touch is the second factor of a password', async () => {
    const linus = await newPage()
    await addAuthenticator(linus, false)
    await typePassword(linus, 'linus')
    await atHome(linus)
    await linus.goto(`${product.origin}/account/credentials/new/passkey`)
    await linus.getByLabel('Whenever I sign in with something else').check()
    await linus.getByRole('button', { name: 'Go on' }).click()
    await press(linus, 'Make the passkey')
    await linus.getByRole('heading', { name: 'Make recovery codes too' }).waitFor()
    assert.deepEqual(await findViolations(linus), [])
    await signOut(linus)
    await typePassword(linus, 'linus')
    await linus.waitForURL(/\/sign-in\/second/)
    assert.deepEqual(await findViolations(linus), [])
    const status = await linus.evaluate('fetch("/api/v1/me").then((answer) => answer.status)')
    assert.equal(status, 401, 'half a sign-in is nobody')
    await press(linus, 'Use a passkey')
    await atHome(linus)
    await linus.context().close()
  })

  test('an app is set up, asked for after the password, and its recovery codes are good in its place', async () => {
    await reader.remove()
    await typePassword(grace, 'grace')
    await atHome(grace)
    await grace.goto(`${product.origin}/account/security`)
    await grace.getByRole('link', { name: 'Add an authenticator app' }).click()
    await grace.getByRole('button', { name: 'Go on' }).click()
    const shown = await grace.locator('figure.command code').innerText()
    assert.deepEqual(await findViolations(grace), [])
    const app = new TOTP({ secret: shown.replaceAll(' ', ''), algorithm: 'SHA1', digits: 6, period: 30 })
    await grace.getByLabel('Code', { exact: true }).fill('123')
    await grace.getByRole('button', { name: 'Add the app' }).click()
    await grace.getByText('not one that this key makes now').first().waitFor()
    assert.equal(await grace.locator('figure.command code').innerText(), shown, 'the same key again')
    await grace.getByLabel('Code', { exact: true }).fill(app.generate())
    await grace.getByRole('button', { name: 'Add the app' }).click()
    await grace.getByRole('button', { name: 'Make ten recovery codes' }).click()
    const codes = await grace.locator('.recovery-codes code').allInnerTexts()
    assert.equal(codes.length, 10)
    assert.deepEqual(await findViolations(grace), [])
    await signOut(grace)
    await typePassword(grace, 'grace')
    await grace.waitForURL(/\/sign-in\/second/)
    await grace.getByLabel('Recovery code').fill(codes[0] ?? '')
    await grace.getByRole('button', { name: 'Use the recovery code' }).click()
    await atHome(grace)
    await signOut(grace)
    await typePassword(grace, 'grace')
    // the step of the code that set the app up is used; the next one is good early
    await grace.getByLabel('Code', { exact: true }).fill(app.generate({ timestamp: Date.now() + 30_000 }))
    await grace.getByRole('button', { name: 'Go on' }).click()
    await atHome(grace)
    await grace.goto(`${product.origin}/account/security`)
    await grace
      .getByRole('row', { name: /Recovery codes/ })
      .getByRole('link', { name: 'Reset…' })
      .click()
    await grace.getByText('9 of the codes you have are left').waitFor()
  })
})
