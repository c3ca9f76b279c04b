import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { type Authenticator, addAuthenticator } from '../product/authenticator.ts'
import { browserMissing, openTrustingBrowser } from '../product/browser.ts'
import { ask } from '../product/http.ts'
import { addPerson, addToken } from '../product/people.ts'
import { password, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

// one story, told in order: each test goes on where the one before stopped
describe('people sign in with passkeys and codes', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let grace: Page
  let reader: Authenticator
  let oldApp: TOTP
  let codesBefore: readonly string[] = []

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
    oldApp = app
    await grace.getByLabel('Code', { exact: true }).fill('123')
    await grace.getByRole('button', { name: 'Add the app' }).click()
    await grace.getByText('not one that this key makes now').first().waitFor()
    assert.equal(await grace.locator('figure.command code').innerText(), shown, 'the same key again')
    await grace.getByLabel('Code', { exact: true }).fill(app.generate())
    await grace.getByRole('button', { name: 'Add the app' }).click()
    await grace.getByRole('button', { name: 'Make ten recovery codes' }).click()
    const codes = await tenCodes()
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
    codesBefore = codes
  })

  async function tenCodes(): Promise<readonly string[]> {
    const codes = grace.locator('.recovery-codes code')
    await codes.nth(9).waitFor()
    assert.equal(await codes.count(), 10)
    return codes.allInnerTexts()
  }

  /** From the page of credentials, by its row. */
  async function follow(row: RegExp, link: string): Promise<void> {
    await grace.goto(`${product.origin}/account/security`)
    await grace.getByRole('row', { name: row }).getByRole('link', { name: link }).click()
  }

  /** As far as the page of the second factor, in a browser of its own. */
  async function halfIn(): Promise<Page> {
    const page = await newPage()
    await typePassword(page, 'grace')
    await page.waitForURL(/\/sign-in\/second/)
    return page
  }

  async function tryRecovery(code: string): Promise<Page> {
    const page = await halfIn()
    await page.getByLabel('Recovery code').fill(code)
    await page.getByRole('button', { name: 'Use the recovery code' }).click()
    return page
  }

  test('recovery codes made anew: the old ones are refused, a new one signs in; revoked, none is asked for', async () => {
    await follow(/Recovery codes/, 'Reset…')
    await press(grace, 'Make ten new codes')
    const codes = await tenCodes()
    const old = await tryRecovery(codesBefore[1] ?? '')
    await old.getByText('Not signed in').waitFor()
    await old.context().close()
    const fresh = await tryRecovery(codes[0] ?? '')
    await atHome(fresh)
    await follow(/Recovery codes/, 'Revoke…')
    await press(grace, 'Revoke the recovery codes')
    await grace.getByText('It is revoked').waitFor()
    await fresh.goto(`${product.origin}/account`)
    assert.match(fresh.url(), /\/sign-in/, 'what they opened has ended')
    await fresh.context().close()
    const without = await halfIn()
    assert.equal(await without.getByLabel('Recovery code').count(), 0)
    await without.context().close()
  })

  test('an app made anew: codes of the old key are refused, of the new one sign in; revoked, the password is enough', async () => {
    await follow(/Authenticator app/, 'Reset…')
    const shown = await grace.locator('figure.command code').innerText()
    const app = new TOTP({ secret: shown.replaceAll(' ', ''), algorithm: 'SHA1', digits: 6, period: 30 })
    await grace.getByLabel('Code', { exact: true }).fill(app.generate())
    await press(grace, 'Use this key from now on')
    await grace.waitForURL(/security\?done=reset/)
    const page = await halfIn()
    await page.getByLabel('Code', { exact: true }).fill(oldApp.generate({ timestamp: Date.now() + 30_000 }))
    await press(page, 'Go on')
    await page.getByText('Not signed in').waitFor()
    await page.getByLabel('Code', { exact: true }).fill(app.generate({ timestamp: Date.now() + 30_000 }))
    await press(page, 'Go on')
    await atHome(page)
    await follow(/Authenticator app/, 'Revoke…')
    await grace.getByRole('button', { name: /^Revoke the/ }).click()
    await grace.waitForURL(/\/sign-in/)
    await page.goto(`${product.origin}/account`)
    assert.match(page.url(), /\/sign-in/, 'what it proved has ended')
    await typePassword(page, 'grace')
    await atHome(page)
    await page.context().close()
  })

  test('an API token: made, used, made anew, revoked', async () => {
    const works = async (secret: string): Promise<number> => {
      const answer = await ask(product, '/api/v1/me', { headers: { authorization: `Bearer ${secret}` } })
      return answer.status
    }
    const shown = () => grace.locator('figure.command code').innerText()
    await typePassword(grace, 'grace')
    await atHome(grace)
    await addToken(grace, product, 'CI')
    const first = await shown()
    assert.equal(await works(first), 200)
    await follow(/CI/, 'Reset…')
    assert.deepEqual(await findViolations(grace), [])
    await press(grace, 'Make another secret')
    await grace.getByText('shown only now').waitFor()
    const second = await shown()
    assert.deepEqual([await works(first), await works(second)], [401, 200])
    await follow(/CI/, 'Revoke…')
    await press(grace, 'Revoke the token')
    await grace.waitForURL(/\/account\/security/)
    assert.equal(await works(second), 401)
  })
})
