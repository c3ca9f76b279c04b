import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { crawl } from '../pages/crawl.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { type Demo, startDemo } from '../product/demo.ts'
import { cleanUp, newDirectory } from '../product/start.ts'
import { findFaintColours, findViolations } from './axe.ts'
import { findUnseenFocus } from './focus.ts'

/** A phone, a tablet held upright, a desk. */
const widths = [360, 768, 1280] as const
const looks = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  'forced colours': { colorScheme: 'dark', forcedColors: 'active' },
} as const

describe('every page of the demo, looked at', { skip: browserMissing() }, () => {
  let browser: Browser
  let demo: Demo

  before(async () => {
    demo = await startDemo(join(newDirectory(), 'data'))
    browser = await openBrowser()
  })

  after(async () => {
    await browser.close()
    await demo.end()
    await cleanUp()
  })

  async function openAs(handle: string, where = '/'): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' })).newPage()
    await page.goto(`${demo.origin}/sign-in`)
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password', { exact: true }).fill(demo.passwords.get(handle) ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${demo.origin}${where}`)
    return page
  }

  /** Through the API, as a page of the console would. */
  async function make(page: Page, path: string, data: object): Promise<void> {
    const status = await page.evaluate(
      `fetch(${JSON.stringify(path)}, { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(data))} }).then(({ status }) => status)`,
    )
    assert.equal(status, 201)
  }

  /** One that is refused, so that its page has deliveries to show. */
  async function addWebhook(page: Page): Promise<void> {
    await page.goto(`${demo.origin}/webhooks/new`)
    await page.getByLabel('Name', { exact: true }).fill('siem')
    await page.getByLabel('Address').fill('https://127.0.0.1:9/hook')
    await page.getByRole('button', { name: 'Add the webhook' }).click()
    await page.getByText('shown this once').waitFor()
  }

  // beside others on a crowded machine it takes twice the five minutes a test has
  test('none is too wide, has a violation or hides the focus, at three widths in three looks', {
    timeout: 900_000,
  }, async () => {
    const page = await openAs('ada')
    await addWebhook(page)
    const seen = new Set<string>()
    const faults: string[] = []
    const starts = ['/', '/errors', '/search?q=wiki', '/why?permission=routes:use:payroll', '/nowhere', '/sign-in']
    await crawl(page, demo.origin, starts, async ({ kind, path }) => {
      // things that differ by name alone are looked at once: of two networks one
      const one = kind.replace(
        /^(\/(?:groups|networks|policies|roles|routes))\/(?!new\b|schema\b|check\b|test\b)[^/]+/,
        '$1/{name}',
      )
      if (seen.size === seen.add(one).size) return
      for (const fault of await lookAt(page)) faults.push(`${path} ${fault}`)
    })
    assert.deepEqual(faults, [])
    assert.ok(seen.size > 50, `only ${[...seen].join(' ')}`)
  })

  test('nor any between the factors of a sign-in', async () => {
    const second = '/sign-in/second'
    const ada = await openAs('ada')
    const sam = await openAs('sam')
    const { publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    await make(sam, '/api/v1/keys', { label: 'Laptop', publicKey: pem, isSecond: true })
    await make(sam, '/api/v1/shared-secrets', { label: 'Script', isSecond: true })
    const faults: string[] = []
    const look = async (page: Page, what: string, shown: string) => {
      await page.getByText(shown).first().waitFor()
      for (const fault of await lookAt(page)) faults.push(`${what} ${fault}`)
    }

    const asked = await openAs('sam', second)
    await look(asked, 'asked', 'Shared secret')
    await asked.locator('[name=hmac]').fill('0'.repeat(64))
    await asked.locator('form:has([name=hmac]) button').last().click()
    await look(asked, 'refused', 'Not signed in')

    await make(ada, '/api/v1/policies', {
      name: 'two-factors',
      state: 'enforced',
      reason: 'looked at',
      text: `@id("two") forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
        unless { context.assurance >= 2 };`,
    })
    const enrolling = await openAs('tom', second)
    await look(enrolling, 'enrolment', 'you have none yet')
    await enrolling.getByText('Set up an authenticator app').click()
    await look(enrolling, 'app', 'type the code that the app shows')

    await make(ada, '/api/v1/policies', {
      name: 'sure',
      state: 'enforced',
      reason: 'looked at',
      text: `@id("sure") forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
        unless { context.phishingResistant };`,
    })
    await look(await openAs('sam', second), 'a passkey wanted', 'Prove what you have first')
    assert.deepEqual(faults, [])
  })
})

/** Between a phone and a desk nothing but the layout changes, which is measured. */
const between = 768

/** All rules in one look, at both ends; of the others, whose styles differ in colours alone, those about colours. */
async function violationsIn(page: Page, look: string, width: number): Promise<readonly string[]> {
  if (width === between) return []
  if (look === 'light') return findViolations(page)
  return width === 1280 ? findFaintColours(page) : []
}

/** What is wrong with the page in each look at each width. */
async function lookAt(page: Page): Promise<readonly string[]> {
  const faults: string[] = []
  for (const [look, media] of Object.entries(looks)) {
    await page.emulateMedia(media)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      const where = `at ${width}, ${look}:`
      for (const violation of await violationsIn(page, look, width)) faults.push(`${where} ${violation}`)
      const unseen = width === between ? [] : await findUnseenFocus(page)
      faults.push(...unseen.map((markup) => `${where} the focus is not seen on ${markup}`))
      const beyond = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
      if (beyond > 0) faults.push(`${where} ${beyond} pixels too wide`)
    }
  }
  return faults
}
