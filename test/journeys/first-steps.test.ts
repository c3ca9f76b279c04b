import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { runCommand } from '../product/command.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const passwords = {
  ada: 'violet anchor meadow 4',
  bob: 'copper lantern river 9',
  carol: 'silent maple window 2',
} as const

interface Seen {
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

// one story, told in order: each test goes on where the one before stopped
describe('a person sets Gatehouse up, and others reach an app behind it', { skip: browserMissing() }, () => {
  const seen: Seen[] = []
  let app: Server
  let product: Product
  let browser: Browser
  let ada: Page

  before(async () => {
    // the existing web app: it knows nothing of sign-in and greets whoever it is told
    app = createServer((request, response) => {
      seen.push({ url: request.url ?? '', headers: request.headers })
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><title>Wiki</title><h1>Welcome, ${String(request.headers['remote-name'])}</h1>`)
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    product = await startProduct()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    app?.close()
    await cleanUp()
  })

  const newPerson = (): Promise<BrowserContext> => browser.newContext({ ignoreHTTPSErrors: true })
  const wiki = (path: string): string => `https://wiki.localhost:${product.port}${path}`

  async function signIn(page: Page, handle: string, password: string): Promise<void> {
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  test('the printed link opens set-up once, and its token leaves the address at once', async () => {
    ada = await (await newPerson()).newPage()
    assert.ok(product.setupLink, product.output())
    await ada.goto(product.setupLink)
    assert.doesNotMatch(ada.url(), /token/)
    await ada.getByLabel('Handle').fill('ada')
    await ada.getByLabel('Name').fill('Ada Lovelace')
    await ada.getByLabel('Password', { exact: true }).fill(passwords.ada)
    await ada.getByLabel('Password, again').fill(passwords.ada)
    await ada.getByRole('button', { name: /Create the administrator/ }).click()
    await ada.waitForURL((url) => url.pathname === '/')
    const late = await (await newPerson()).newPage()
    const answer = await late.goto(product.setupLink)
    assert.ok([403, 404, 409, 410].includes(answer?.status() ?? 0), `a used link answered ${answer?.status()}`)
  })

  test('an existing app is put behind the gate', async () => {
    await ada.goto(`${product.origin}/routes`)
    await ada.getByRole('link', { name: 'Add a route' }).first().click()
    await ada.getByLabel('Name', { exact: true }).fill('wiki')
    await ada.getByLabel('Host', { exact: true }).fill('wiki.localhost')
    await ada.getByLabel('App', { exact: true }).fill(`http://127.0.0.1:${(app.address() as AddressInfo).port}`)
    await ada.getByRole('button', { name: 'Add the route' }).click()
    await ada.getByRole('button', { name: /Test/ }).click()
    await ada
      .getByText(/answer/i)
      .first()
      .waitFor()
  })

  test('two people get accounts, one of them a role that lets them in', async () => {
    for (const [handle, name] of [
      ['bob', 'Bob Builder'],
      ['carol', 'Carol Shaw'],
    ] as const) {
      await ada.goto(`${product.origin}/accounts/new`)
      await ada.getByLabel('Handle').fill(handle)
      await ada.getByLabel('Name', { exact: true }).fill(name)
      await ada.getByLabel(/^First password(?!, again)/).fill(passwords[handle])
      await ada.getByLabel('First password, again').fill(passwords[handle])
      await ada.getByRole('button', { name: 'Create the account' }).click()
      await ada.getByRole('heading', { name }).waitFor()
    }
    const { directory } = product
    const made = await runCommand(directory, ['roles', 'create', 'wiki-readers', '--permission', 'routes:use:wiki'])
    assert.equal(made.code, 0, made.stderr)
    const given = await runCommand(directory, ['roles', 'grant', 'wiki-readers', 'bob'])
    assert.equal(given.code, 0, given.stderr)
  })

  test('the permitted person signs in on the way and arrives at the exact page', async () => {
    const bob = await (await newPerson()).newPage()
    await bob.goto(wiki('/pages/one?view=full#top'))
    assert.equal(new URL(bob.url()).origin, product.origin)
    await signIn(bob, 'bob', passwords.bob)
    await bob.waitForURL(wiki('/pages/one?view=full*'))
    assert.equal(await bob.locator('h1').textContent(), 'Welcome, Bob Builder')
    const request = seen.find(({ url }) => url === '/pages/one?view=full')
    assert.equal(request?.headers['remote-user'], 'bob')
    assert.ok(request?.headers['x-gatehouse-assertion'])
    assert.doesNotMatch(request?.headers.cookie ?? '', /gatehouse/)
  })

  test('another person is refused and told why', async () => {
    const before = seen.length
    const carol = await (await newPerson()).newPage()
    await carol.goto(wiki('/pages/one'))
    await signIn(carol, 'carol', passwords.carol)
    await carol.getByRole('heading', { name: 'Refused' }).waitFor()
    const text = await carol.locator('main').innerText()
    assert.match(text, /wiki/)
    assert.match(text, /role|grant/)
    // the permitted person's browser may still ask for the app's icon
    const reached = seen.slice(before).map(({ headers }) => headers['remote-user'])
    assert.deepEqual(new Set(reached).difference(new Set(['bob'])), new Set(), 'a refused request reached the app')
  })

  test('both stand in the journal, which verifies; one altered byte makes it fail at that record', async () => {
    // refusals are written within a second of the answer
    const wanted = [
      ['sessions.open', 'wiki.localhost', 'bob', 'Done'],
      ['routes:use:wiki', 'carol', 'Refused'],
    ]
    let missing: readonly (readonly string[])[] = wanted
    for (let look = 0; look < 30 && missing.length > 0; look += 1) {
      await ada.goto(`${product.origin}/journal`)
      const rows = await ada.locator('main tbody tr').allInnerTexts()
      missing = wanted.filter((words) => !rows.some((row) => words.every((word) => row.includes(word))))
    }
    assert.deepEqual(missing, [], 'not in the journal')
    const used = await runCommand(product.directory, ['audit', 'uses', '--route', 'wiki'])
    assert.match(used.stdout, /^WHEN +WHO +WHAT +TIMES +FROM$/m, used.stderr)
    assert.match(used.stdout, /^\S+ \S+ +bob +wiki +[1-9]\d* +127\.0\.0\.1$/m)
    assert.doesNotMatch(used.stdout, /carol/)
    const sound = await runCommand(product.directory, ['audit', 'verify'])
    assert.equal(sound.code, 0, sound.stdout + sound.stderr)

    await product.stop()
    const database = new DatabaseSync(join(product.directory, 'data', 'gatehouse.db'))
    const refused = database
      .prepare("select seq, id from platform_audit_records where outcome = 'refused' and actor_name = 'carol'")
      .get()
    database.prepare("update platform_audit_records set actor_name = 'caro1' where id = ?").run(String(refused?.['id']))
    database.close()
    product = await startProduct({ directory: product.directory })
    assert.equal(product.setupLink, undefined)
    const broken = await runCommand(product.directory, ['audit', 'verify', '--json'])
    assert.equal(broken.code, 1)
    assert.match(broken.stdout + broken.stderr, new RegExp(`record ${Number(refused?.['seq'])}\\b`))
  })
})
