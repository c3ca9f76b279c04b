import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { linkIn, type Mailbox, startMailbox } from '#mail/testing'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { runCommand } from '../product/command.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

const first = 'violet-harbour-17-lanterns'
const second = 'granite-meadow-42-sparrows'
const address = 'grace@example.org'

// one story, told in order: each test goes on where the one before stopped
describe('somebody is invited by mail, joins, forgets the password and gets back in', {
  skip: browserMissing(),
}, () => {
  const ends: (() => Promise<void>)[] = []
  let box: Mailbox
  let product: Product
  let browser: Browser
  let ada: Page
  let grace: Page

  before(async () => {
    box = await startMailbox({ after: (end) => ends.push(end) })
    product = await startProduct({
      environment: {
        GATEHOUSE_MAIL_HOST: '127.0.0.1',
        GATEHOUSE_MAIL_PORT: String(box.port),
        GATEHOUSE_MAIL_TLS: 'none',
        GATEHOUSE_MAIL_FROM: 'gatehouse@example.org',
      },
    })
    browser = await openBrowser()
    ada = await newPage()
    await setUp(ada, product)
    grace = await newPage()
  })
  after(async () => {
    await browser?.close()
    await cleanUp()
    for (const end of ends) await end()
  })

  async function newPage(userAgent?: string): Promise<Page> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 390, height: 800 },
      ...(userAgent === undefined ? {} : { userAgent }),
    })
    return context.newPage()
  }

  async function sound(page: Page): Promise<void> {
    assert.deepEqual(await findViolations(page), [], page.url())
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, page.url())
  }

  /** The next mail to the address after those that were there. */
  async function mailAfter(before: number) {
    const deadline = AbortSignal.timeout(60_000)
    while (box.mails.filter(({ to }) => to.includes(address)).length <= before) {
      if (deadline.aborted) throw new Error('no mail came')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return box.newest(address)
  }

  const received = () => box.mails.filter(({ to }) => to.includes(address)).length

  test('a test mail goes out, by command and by page', async () => {
    const command = await runCommand(product.directory, ['mail', 'test', 'ada@example.org'])
    assert.equal(command.code, 0, command.stderr)
    assert.match(command.stdout, /The mail server took it: 250/)
    await ada.goto(`${product.origin}/mail`)
    await ada.getByLabel('To').fill('ada@example.org')
    await ada.getByRole('button', { name: 'Send a test mail' }).click()
    await ada.getByText('The mail server took the test mail').waitFor()
    await sound(ada)
  })

  test('an administrator lets people join by invitation and invites one', async () => {
    await ada.goto(`${product.origin}/invitations`)
    await ada.getByText('Nobody can be invited').waitFor()
    await sound(ada)
    await ada.getByRole('link', { name: 'Change who may join…' }).first().click()
    await sound(ada)
    await ada.getByLabel('Who is invited').check()
    await ada.getByRole('button', { name: 'Save who may join' }).click()
    await ada.getByText('Who may join is changed.').waitFor()
    await ada.getByRole('link', { name: 'Invite somebody' }).first().click()
    await sound(ada)
    await ada.locator('[name=displayName]').fill('Grace Hopper')
    await ada.locator('[name=email]').fill(address)
    await ada.getByRole('button', { name: 'Make the invitation' }).click()
    await ada.getByText('A link is on its way').waitFor()
    await sound(ada)
    await ada.goto(`${product.origin}/invitations`)
    await ada.getByText('Grace Hopper, grace@example.org').waitFor()
    await sound(ada)
  })

  test('the invited opens the mail, joins and signs in', async () => {
    const mail = await mailAfter(0)
    assert.equal(linkIn(mail).origin, product.origin)
    await grace.goto(linkIn(mail).href)
    assert.equal(grace.url(), `${product.origin}/join`, 'the token has left the address')
    await sound(grace)
    await grace.getByLabel('Handle').fill('grace')
    await grace.getByLabel('Password', { exact: true }).fill(first)
    await grace.getByLabel('Password, again').fill(first)
    await grace.getByRole('button', { name: 'Make my account' }).click()
    await grace.getByText('Welcome, Grace Hopper').waitFor()
    await sound(grace)
    await grace.getByRole('link', { name: 'Sign in' }).click()
    await signIn(grace, first)
    await grace.goto(`${product.origin}/account/address`)
    await grace.getByText('Proved').first().waitFor()
    await sound(grace)
  })

  async function signIn(page: Page, password: string): Promise<void> {
    await page.goto(`${product.origin}/sign-in`)
    await page.getByLabel('Handle').fill('grace')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`${product.origin}/`)
  }

  test('who cannot sign in gets a link by mail; the old session ends when it is used', async () => {
    const before = received()
    const elsewhere = await newPage()
    await elsewhere.goto(`${product.origin}/sign-in`)
    await elsewhere.getByRole('link', { name: 'I cannot sign in' }).click()
    await sound(elsewhere)
    await elsewhere.getByLabel('Handle or e-mail').fill(address)
    await elsewhere.getByRole('button', { name: 'Send me a link' }).click()
    await elsewhere.getByText('Look into your mail').first().waitFor()
    await sound(elsewhere)
    await elsewhere.goto(linkIn(await mailAfter(before)).href)
    await sound(elsewhere)
    await grace.goto(`${product.origin}/account`)
    assert.equal(grace.url(), `${product.origin}/account`, 'nothing has ended yet')
    await elsewhere.getByLabel('New password', { exact: true }).fill(second)
    await elsewhere.getByLabel('New password, again').fill(second)
    await elsewhere.getByRole('button', { name: 'Save the password' }).click()
    await elsewhere.getByText('The password is new').first().waitFor()
    await sound(elsewhere)
    await grace.goto(`${product.origin}/account`)
    assert.match(grace.url(), /\/sign-in/)
    await signIn(elsewhere, second)
  })

  test('a sign-in from another client is noticed, by mail and on the security page', async () => {
    const before = received()
    const other = await newPage('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0')
    await signIn(other, second)
    assert.match((await mailAfter(before)).text, /Firefox on Windows/)
    await other.goto(`${product.origin}/account/security`)
    await other.getByText('Signed in from somewhere new: Firefox on Windows').waitFor()
    await sound(other)
  })

  test('an administrator suspends the account and lifts that; a link by hand is shown once', async () => {
    const before = received()
    await ada.goto(`${product.origin}/accounts`)
    await ada.getByRole('link', { name: 'Grace Hopper' }).click()
    await ada.getByRole('link', { name: 'Suspend…' }).click()
    await sound(ada)
    await ada.getByLabel('Reason').fill('Called: the phone is lost')
    await ada.getByRole('button', { name: 'Suspend and sign out' }).click()
    await ada.getByText('Suspended now').waitFor()
    await sound(ada)
    const mail = await mailAfter(before)
    assert.match(mail.text, /the phone is lost/)
    await ada.getByRole('button', { name: 'Lift the suspension' }).click()
    await ada.getByText('Suspended now').waitFor({ state: 'detached' })
    await ada.getByRole('link', { name: 'Make a link…' }).click()
    await sound(ada)
    await ada.getByLabel(/Send it to/).uncheck()
    await ada.getByRole('button', { name: 'Make the link' }).click()
    await ada.getByText('This link is shown only now').waitFor()
    await sound(ada)
  })
})
