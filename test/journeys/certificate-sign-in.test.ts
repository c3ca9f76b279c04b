import assert from 'node:assert/strict'
import dns from 'node:dns'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { runCommand } from '../product/command.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

// one story, told in order: each test goes on where the one before stopped
describe('a person signs in with a client certificate', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let folder: string
  let id: string
  let administrator: Page
  let ada: BrowserContext
  let page: Page

  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(product.directory, args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const issue = async (file: string, ...more: readonly string[]): Promise<string> => {
    const key = join(folder, `${file}.key`)
    const printed = await command(
      'pki',
      'certificates',
      'issue',
      'person',
      '--account',
      'ada',
      '--new-key',
      key,
      '--json',
      ...more,
    )
    chmodSync(key, 0o600)
    return printed
  }
  /** A browser that shows this certificate on the host that asks for one. */
  const withCertificate = (certificate: string, key: string | Buffer): Promise<BrowserContext> =>
    browser.newContext({
      ignoreHTTPSErrors: true,
      clientCertificates: [
        {
          origin: product.origin.replace('://', '://certificate.'),
          cert: Buffer.from(certificate),
          key: typeof key === 'string' ? readFileSync(key) : key,
        },
      ],
    })
  const start = async (context: BrowserContext): Promise<Page> => {
    const opened = await context.newPage()
    await opened.goto(`${product.origin}/sign-in?to=${encodeURIComponent('/account')}`)
    await opened.getByRole('link', { name: 'Sign in with a certificate' }).click()
    await opened.getByRole('button', { name: 'Choose a certificate' }).click()
    return opened
  }

  before(async () => {
    // Playwright shows the certificate itself, as a proxy that resolves names as Node does, which knows no *.localhost
    mock.method(dns.promises, 'lookup', async () => [{ address: '127.0.0.1', family: 4 }])
    product = await startProduct()
    folder = newDirectory()
    browser = await openBrowser()
    administrator = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    await setUp(administrator, product)
  })
  after(async () => {
    mock.restoreAll()
    await browser?.close()
    await cleanUp()
  })

  test('and goes on to where they were going, as themselves', async () => {
    const made = JSON.parse(await issue('ada', '--label', 'Laptop')) as {
      readonly id: string
      readonly chain: string
    }
    id = made.id
    ada = await withCertificate(made.chain, join(folder, 'ada.key'))
    page = await start(ada)
    await page.waitForURL(`${product.origin}/account`)
    assert.match(await page.locator('main').innerText(), /Signed in as ada/)
    await page.goto(`${product.origin}/account/security`)
    assert.match(await page.locator('main').innerText(), /Laptop.*In use here/s)
  })

  test('a browser without one is told so, and a code is good only in the browser that asked', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const without = await start(context)
    await without.getByText('The browser showed no certificate').waitFor()
    await context.close()

    // somebody lures Ada's browser with a ticket of their own: the answer is not for her browser, and not for theirs
    const thief = await browser.newContext({ ignoreHTTPSErrors: true })
    const theirs = await thief.newPage()
    await theirs.goto(`${product.origin}/sign-in/certificate`)
    const [asked] = await Promise.all([
      theirs.waitForRequest(/\/api\/v1\/sign-in\/certificate/),
      theirs.getByRole('button', { name: 'Choose a certificate' }).click(),
    ])
    const victim = await ada.newPage()
    const [answer] = await Promise.all([
      victim.waitForRequest(/\/sign-in\/certificate\/back/),
      victim.goto(asked.url()).catch(() => undefined),
    ])
    await victim.getByText('Not signed in').waitFor()
    await victim.close()
    assert.match(answer.url(), /certificate=crt_/)
    await thief.close()
  })

  test('a narrow certificate opens a narrow session', async () => {
    const made = JSON.parse(await issue('narrow', '--permission', 'accounts:read')) as { readonly chain: string }
    const context = await withCertificate(made.chain, join(folder, 'narrow.key'))
    const narrow = await start(context)
    await narrow.waitForURL(`${product.origin}/account`)
    const answer = await narrow.goto(`${product.origin}/account/security`)
    assert.equal(answer?.status(), 403)
    await context.close()
  })

  test('the session ends with the certificate, at the next request', async () => {
    assert.equal((await page.goto(`${product.origin}/account`))?.status(), 200)
    await command('pki', 'certificates', 'revoke', id, '--yes')
    await page.goto(`${product.origin}/account`)
    assert.match(page.url(), /\/sign-in/)
    const again = await start(ada)
    await again.getByText(/revoked/i).waitFor()
  })

  test('made, reset and revoked on the pages: what each certificate opened ends with it, at once', async () => {
    await administrator.goto(`${product.origin}/certificates/new`)
    await administrator.getByLabel('Profile').selectOption('person')
    await administrator.getByLabel(/^For\b/).fill('ada')
    await administrator.getByLabel(/^Label\b/).fill('Browser')
    await administrator.getByLabel('Make the key here').check()
    await administrator.getByRole('button', { name: 'Issue the certificate' }).click()
    const first = await withCertificate(...(await handedOver(administrator)))
    const before = await start(first)
    await before.waitForURL(`${product.origin}/account`)

    // by the session that rests on it, which is the last thing it does
    await before.goto(`${product.origin}/account/security`)
    const inUse = { hasText: 'In use here' }
    await before.getByRole('row').filter(inUse).getByRole('link', { name: 'Reset…' }).click()
    assert.match(await before.locator('main').innerText(), /refused from its next use on.*this one too/s)
    await before.getByLabel('Make the key here').check()
    await before.getByRole('button', { name: 'Reset the certificate' }).click()
    const second = await withCertificate(...(await handedOver(before)))
    await before.goto(`${product.origin}/account`)
    assert.match(before.url(), /\/sign-in/)
    await (await start(first)).getByText(/revoked/i).waitFor()
    await first.close()

    const after = await start(second)
    await after.waitForURL(`${product.origin}/account`)
    await after.goto(`${product.origin}/account/security`)
    const gone = after.getByRole('row').filter({ hasText: 'Browser' }).filter({ hasText: 'proves nothing any more' })
    assert.equal(await gone.count(), 1)
    assert.equal(await gone.getByRole('link', { name: 'Reset…' }).count(), 0)
    await after.getByRole('row').filter(inUse).getByRole('link', { name: 'Revoke…' }).click()
    await after.getByRole('button', { name: 'Revoke it for good' }).click()
    await after.waitForURL(/\/sign-in/)
    await (await start(second)).getByText(/revoked/i).waitFor()
    await second.close()
  })
})

/** What the page shows this once: the chain, and the key. */
async function handedOver(page: Page): Promise<readonly [chain: string, key: Buffer]> {
  await page.getByText('The key is shown this once').waitFor()
  const shown = page.locator('main pre code')
  const [key, chain] = [await shown.nth(0).innerText(), await shown.nth(1).innerText()]
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/)
  assert.match(chain, /^-----BEGIN CERTIFICATE-----/)
  return [chain, Buffer.from(key)]
}
