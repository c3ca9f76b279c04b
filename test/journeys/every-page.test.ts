import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { crawl } from '../pages/crawl.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import {
  addCertificateProfile,
  addDevice,
  addEnrolmentToken,
  addForeignRoot,
  addGroup,
  addNetwork,
  addPerson,
  addRoute,
  addToken,
  addWebhook,
  signIn,
} from '../product/people.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

/** Its key is thrown away: nobody here can sign its revocation list. */
function foreignRoot(): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
  const subject = [
    '-subj',
    '/CN=Root of somebody else',
    '-days',
    '900',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]
  return execFileSync('openssl', ['req', '-x509', ...key, ...subject], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** What stands so that a person does not see it or misreads it: the tab they are on beyond the edge, a button on the line above it. */
const misplaced = `[
  ...Array.from(document.querySelectorAll('.tabs [aria-current]'))
    .filter((tab) => tab.getBoundingClientRect().right > innerWidth)
    .map((tab) => 'hides the tab it is on: ' + tab.textContent),
  ...Array.from(document.querySelectorAll('details + .form-actions'))
    .filter((actions) => actions.getBoundingClientRect().top - actions.previousElementSibling.getBoundingClientRect().bottom < 8)
    .map((actions) => 'has no room above ' + actions.textContent.trim()),
]`

/** At first load, with style and script, as they cross the wire. */
const maxBytes = 100 * 1024

/**
 * Turns the cache off and answers a function that says what the page just loaded took: all bytes of bodies and headers
 * since it was last asked.
 */
async function firstLoads(page: Page): Promise<() => Promise<number>> {
  const wire = await page.context().newCDPSession(page)
  let bytes = 0
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  await wire.send('Network.enable')
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true })
  return async () => {
    await page.waitForLoadState('load')
    const taken = bytes
    bytes = 0
    assert.ok(taken > 10_000, 'the watch sees what is loaded')
    return taken
  }
}

describe('every page of the running product', { skip: browserMissing() }, () => {
  let product: Product
  let browser: Browser
  let administrator: Page
  let foreign: string

  before(async () => {
    product = await startProduct()
    browser = await openBrowser()
    administrator = await newPage()
    await setUp(administrator, product)
    await addPerson(administrator, product, 'grace', 'Grace Hopper')
    await addRoute(administrator, product, 'blog')
    await addGroup(administrator, product, 'operators')
    await addNetwork(administrator, product, 'office')
    await addWebhook(administrator, product, 'siem')
    await addToken(administrator, product, 'backup')
    await addEnrolmentToken(administrator, product, 'wm-42')
    await addCertificateProfile(administrator, product, 'internal')
    await addDevice(administrator, product, 'wm-43')
    foreign = await addForeignRoot(administrator, product, foreignRoot())
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
    const load = await firstLoads(page)
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`${at} says ${message.text()}`)
    })
    const stops = await crawl(page, product.origin, starts, async ({ kind }) => {
      at = kind
      const bytes = await load()
      if (bytes > maxBytes) faults.push(`${kind} sends ${bytes} bytes to a browser that knows nothing`)
      for (const violation of await findViolations(page)) faults.push(`${kind} ${violation}`)
      for (const fault of (await page.evaluate(misplaced)) as string[]) faults.push(`${kind} ${fault}`)
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
      '/accounts/{id}/revoke-tokens',
      '/account/security',
      '/account/credentials/new/passkey',
      '/account/credentials/new/totp',
      '/account/credentials/new/recovery-codes',
      '/account/credentials/new/key',
      '/account/credentials/new/shared-secret',
      '/sign-in/key',
      '/sign-in/certificate',
      '/account/credentials/new/password',
      '/credentials/{id}/reset/password',
      '/account/tokens/new',
      '/account/tokens/revoke-all',
      '/routes/new',
      '/routes/check',
      '/routes/test',
      '/routes/blog',
      '/routes/blog/defence',
      '/routes/blog/traffic',
      '/routes/blog/rule',
      '/routes/blog/request',
      '/groups/operators/edit',
      '/groups/operators/remove',
      '/groups/operators/delete',
      '/networks/office/edit',
      '/networks/office/delete',
      '/search',
      '/certificates',
      '/certificates/{id}',
      '/certificates/{id}/reset',
      '/certificates/{id}/revoke',
      '/certificates/new',
      '/certificates/revoke-all',
      '/enrolment-tokens',
      '/enrolment-tokens/new',
      '/enrolment-tokens/{id}',
      '/enrolment-tokens/{id}/revoke',
      '/certificate-authorities',
      '/certificate-authorities/new',
      '/certificate-authorities/import',
      '/certificate-authorities/{id}',
      '/certificate-authorities/{id}/export',
      '/certificates/holders',
      '/certificates/holders/new',
      '/certificates/holders/{id}',
      '/certificates/holders/{id}/edit',
      '/certificates/holders/{id}/roles',
      '/certificates/holders/{id}/delete',
      '/certificates/profiles',
      '/certificates/profiles/new',
      '/certificates/profiles/internal',
      '/certificates/profiles/internal/edit',
      '/certificates/profiles/internal/delete',
      '/certificates/profiles/server',
      '/grants',
      '/grants/new',
      '/requests',
      '/why',
      '/webhooks/new',
      '/webhooks/siem',
      '/webhooks/siem/edit',
      '/webhooks/siem/replay',
      '/webhooks/siem/rotate-secret',
      '/webhooks/siem/delete',
      '/dead-events',
      '/mail',
      '/invitations',
      '/invitations/joining',
      '/journal/{id}',
      '/state',
    ]) {
      assert.ok(kinds.includes(kind), `${kind} among ${kinds.join(' ')}`)
    }
  })

  test('an authority whose key is elsewhere says what to sign, without a violation, within a phone’s width', async () => {
    await administrator.goto(`${product.origin}${foreign}/revocation-list`)
    assert.ok(await administrator.getByText('Sign it with OpenSSL').isVisible())
    assert.deepEqual(await findViolations(administrator), [])
    assert.equal(await administrator.evaluate('document.documentElement.scrollWidth > innerWidth'), false)
  })

  test('a member sees no room that is not theirs, and reads why an address is refused', async () => {
    const page = await newPage()
    await signIn(page, product, 'grace')
    const { faults, kinds } = await walk(page, ['/'])
    assert.deepEqual(faults, [])
    assert.deepEqual(
      kinds.filter((kind) => /accounts|routes|journal|certificates|groups|networks|roles/.test(kind)),
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
