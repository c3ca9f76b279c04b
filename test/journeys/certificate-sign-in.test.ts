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
  const withCertificate = (certificate: string, key: string): Promise<BrowserContext> =>
    browser.newContext({
      ignoreHTTPSErrors: true,
      clientCertificates: [
        {
          origin: product.origin.replace('://', '://certificate.'),
          cert: Buffer.from(certificate),
          key: readFileSync(key),
        },
      ],
    })
  const start = async (context: BrowserContext): Promise<Page> => {
    const opened = await context.newPage()
    opened.setDefaultTimeout(15_000)
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
    await setUp(await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage(), product)
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
})
