import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { keyTools, opensslKeys, sshKeys, type Tools, toolsMissing } from '../../src/identity/keys/testing.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

describe('signing in with keys and shared secrets', { skip: browserMissing() || toolsMissing }, () => {
  let product: Product
  let browser: Browser
  let owner: Page

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    owner = await newPage()
    await setUp(owner, product)
  })

  after(async () => {
    await browser.close()
    await cleanUp()
  })

  async function newPage(scripts = true): Promise<Page> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 390, height: 800 },
      javaScriptEnabled: scripts,
    })
    return context.newPage()
  }

  const handle = 'ada'

  async function isIn(page: Page): Promise<boolean> {
    await page.goto(`${product.origin}/account`)
    return new URL(page.url()).pathname === '/account'
  }

  /** Signs in as a person does: the command that the page shows is run, its output pasted. No script is needed. */
  async function signInWith(tools: Tools, title: string): Promise<Page> {
    const page = await newPage(false)
    await page.goto(`${product.origin}/sign-in`)
    await page.getByRole('link', { name: 'Sign in with a key' }).click()
    await page.getByLabel('Handle').fill(handle)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('How', { exact: true }).click()
    await look(page, 'answer')
    const command = await page.locator('figure.command', { hasText: title }).locator('code').innerText()
    await page.getByLabel('Signature').fill(tools.sh(command))
    const answered = page.waitForResponse((response) => response.url().endsWith('/sign-in/key/answer'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    // where it leads has to be reached before anybody goes elsewhere from here
    if ((await answered).status() < 400) await page.waitForURL(({ pathname }) => !pathname.startsWith('/sign-in'))
    return page
  }

  async function look(page: Page, name: string): Promise<void> {
    if (await page.evaluate('document.documentElement.scrollWidth > innerWidth').catch(() => false)) {
      assert.fail(`${name} scrolls sideways`)
    }
    const directory = process.env['GATEHOUSE_PICTURES']
    if (directory !== undefined) await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true })
  }

  /** Follows the link of a credential on the security page. */
  async function open(page: Page, label: string, link: string): Promise<void> {
    await page.goto(`${product.origin}/account/security`)
    await page.getByRole('row', { name: label }).getByRole('link', { name: link }).click()
  }

  test('a key of openssl and one of ssh-keygen: added, used, reset, revoked', async (t) => {
    const tools = keyTools(t)
    tools.sh(`${opensslKeys['P-256']('private.pem')}; openssl pkey -in private.pem -pubout -out public.pem`)
    tools.sh(`mkdir .ssh; ${sshKeys.Ed25519('.ssh/id_ed25519')}`)

    await owner.goto(`${product.origin}/account/security`)
    await owner.getByRole('link', { name: 'Add a key' }).click()
    assert.deepEqual(await findViolations(owner), [])
    await look(owner, 'new-key')
    await owner.getByLabel('Label').fill('Laptop')
    // a private key never gets into the form, so never onto the network
    await owner.getByLabel('Or choose its file').setInputFiles(join(tools.directory, 'private.pem'))
    assert.equal(await owner.getByLabel('Public key').inputValue(), '')
    await owner.getByLabel('Or choose its file').setInputFiles(join(tools.directory, 'public.pem'))
    await assertSoon(async () => (await owner.getByLabel('Public key').inputValue()).includes('BEGIN PUBLIC KEY'))
    await owner.getByRole('button', { name: 'Add the key' }).click()
    await owner.getByText('It is made').waitFor()
    await look(owner, 'security')

    const elsewhere = await signInWith(tools, 'With an RSA or ECDSA key in a PEM file')
    assert.ok(await isIn(elsewhere))

    await open(owner, 'Laptop', 'Reset…')
    assert.deepEqual(await findViolations(owner), [])
    await look(owner, 'reset-key')
    await owner.getByLabel('Public key').fill(tools.read('.ssh/id_ed25519.pub'))
    await owner.getByRole('button', { name: 'Use this key from now on' }).click()
    await owner.getByText('It has a new secret').waitFor()
    assert.equal(await isIn(elsewhere), false, 'what the old key opened has ended')
    const refused = await signInWith(tools, 'With an RSA or ECDSA key in a PEM file')
    await refused.getByText('Not signed in').waitFor()
    await look(refused, 'refused')
    const again = await signInWith(tools, 'With a key of OpenSSH')
    assert.ok(await isIn(again))

    await open(owner, 'Laptop', 'Revoke…')
    await owner.getByRole('button', { name: /Revoke/ }).click()
    await owner.getByText('It is revoked').waitFor()
    assert.equal(await isIn(again), false)
    await (await signInWith(tools, 'With a key of OpenSSH')).getByText('Not signed in').waitFor()
  })

  test('a shared secret: made, used, reset, revoked', async (t) => {
    const tools = keyTools(t)
    const keep = async (): Promise<void> => {
      const secret = await owner.locator('code', { hasText: 'gss_' }).innerText()
      writeFileSync(join(tools.directory, 'secret.txt'), `${secret}\n`)
    }
    await owner.goto(`${product.origin}/account/security`)
    await owner.getByRole('link', { name: 'Add a shared secret' }).click()
    assert.deepEqual(await findViolations(owner), [])
    await owner.getByLabel('Label').fill('NAS')
    await owner.getByRole('button', { name: 'Make the secret' }).click()
    await owner.getByText('The secret is shown only now').waitFor()
    assert.deepEqual(await findViolations(owner), [])
    await look(owner, 'secret')
    await keep()
    const elsewhere = await signInWith(tools, 'With a shared secret in a file')
    assert.ok(await isIn(elsewhere))

    await open(owner, 'NAS', 'Reset…')
    assert.deepEqual(await findViolations(owner), [])
    await owner.getByRole('button', { name: 'Make another secret' }).click()
    assert.equal(await isIn(elsewhere), false)
    await (await signInWith(tools, 'With a shared secret in a file')).getByText('Not signed in').waitFor()
    await keep()
    const again = await signInWith(tools, 'With a shared secret in a file')
    assert.ok(await isIn(again))
    await open(owner, 'NAS', 'Revoke…')
    await owner.getByRole('button', { name: /Revoke/ }).click()
    assert.equal(await isIn(again), false)
  })

  test('the page with the line to sign has no violation', async () => {
    const page = await newPage()
    await page.goto(`${product.origin}/sign-in/key`)
    await page.getByLabel('Handle').fill(handle)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('How', { exact: true }).click()
    assert.deepEqual(await findViolations(page), [])
  })

  test('a private key that was pasted is warned of, and revoked on request', async (t) => {
    const tools = keyTools(t)
    tools.sh(sshKeys.Ed25519('leaked'))
    const add = async (label: string, file: string): Promise<void> => {
      await owner.goto(`${product.origin}/account/credentials/new/key`)
      await owner.getByLabel('Label').fill(label)
      await owner.getByLabel('Public key').fill(readFileSync(join(tools.directory, file), 'utf8'))
      await owner.getByRole('button', { name: 'Add the key' }).click()
    }
    await add('Leaked', 'leaked.pub')
    await add('Oops', 'leaked')
    await owner.getByRole('heading', { name: 'That was a private key' }).waitFor()
    assert.deepEqual(await findViolations(owner), [])
    await look(owner, 'private-key')
    assert.doesNotMatch(await owner.content(), /OPENSSH PRIVATE KEY-|b3BlbnNzaC1rZXkt/)
    await owner.getByRole('button', { name: 'Revoke this key everywhere' }).click()
    await owner.getByText('It is revoked').waitFor()
    assert.equal(await owner.getByRole('row', { name: 'Leaked' }).count(), 0)
    assert.doesNotMatch(product.output(), /b3BlbnNzaC1rZXkt/)
  })
})

/** What the page's script does by itself; the machine, which may be slow, has half a minute. */
async function assertSoon(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000
  while (!(await holds())) assert.ok(performance.now() < end, 'it did not come')
}
