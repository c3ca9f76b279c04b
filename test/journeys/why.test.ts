import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { runCommand } from '../product/command.ts'
import { addPerson } from '../product/people.ts'
import { password, setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

// the wiki is open to everybody signed in, until this says that one has to hold it by role or grant
const text = `forbid (
  principal is Gatehouse::Account,
  action == Gatehouse::Action::"routes:use",
  resource is Gateway::Route
)
when { resource.host == "wiki.localhost" }
unless { !context.via.isEmpty() };`

// one story, told in order: each test goes on where the one before stopped
describe('somebody is refused by a new policy, reads why, asks, and is granted for an hour', {
  skip: browserMissing(),
}, () => {
  let app: Server
  let product: Product
  let browser: Browser
  let ada: Page
  let carol: Page

  before(async () => {
    app = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>Wiki</title><h1>The wiki</h1>')
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    product = await startProduct()
    browser = await openBrowser()
    ada = await newPage()
    await setUp(ada, product)
    await addPerson(ada, product, 'carol', 'Carol Shaw')
    const upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    const command = ['routes', 'create', 'wiki', '--host', 'wiki.localhost', '--upstream', upstream, '--signed-in']
    const added = await runCommand(product.directory, command)
    assert.equal(added.code, 0, added.stderr)
    carol = await newPage()
  })
  after(async () => {
    await browser?.close()
    app?.close()
    await cleanUp()
  })

  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    return context.newPage()
  }

  const wiki = () => `https://wiki.localhost:${product.port}/`

  test('at first everybody signed in may open the wiki', async () => {
    await carol.goto(wiki())
    await carol.getByLabel('Handle').fill('carol')
    await carol.getByLabel('Password').fill(password)
    await carol.getByRole('button', { name: 'Sign in' }).click()
    await carol.getByRole('heading', { name: 'The wiki' }).waitFor()
  })

  test('the operator writes a policy, sees who would lose access, and saves it', async () => {
    await ada.goto(`${product.origin}/policies/new`)
    await ada.getByLabel('Title').fill('The wiki by name')
    await ada.getByLabel('Name', { exact: true }).fill('wiki-by-name')
    await ada.getByLabel('Text').fill(text)
    await ada.getByRole('radio', { name: 'In force' }).check()
    await ada.getByRole('button', { name: 'See whose access changes' }).click()
    const row = ada.getByRole('row', { name: /carol/ }).filter({ hasText: 'routes:use:wiki' }).first()
    await row.waitFor()
    assert.match(await row.innerText(), /Allowed[\s\S]*Refused/)
    await carol.goto(wiki())
    await carol.getByRole('heading', { name: 'The wiki' }).waitFor()
    await ada.getByRole('button', { name: 'Save and bring it into force' }).click()
    await ada.waitForURL(/\/policies\/wiki-by-name/)
  })

  test('a person is refused and reads why', async () => {
    await carol.goto(wiki())
    await carol.getByRole('heading', { name: 'Refused' }).waitFor()
    await carol.getByRole('link', { name: /Why/ }).click()
    await carol.waitForURL(`${product.origin}/why?*`)
    const told = await carol.locator('main').innerText()
    assert.match(told, /You may not do this: routes:use:wiki/)
    assert.match(told, /wiki-by-name/)
    assert.match(told, /lets those pass who hold it by name/)
    assert.doesNotMatch(told, /resource\.host/, 'the text of a policy is not for everybody')
    assert.deepEqual(await findViolations(carol), [])
  })

  test('they ask, and whoever can grant it is told on the overview', async () => {
    await carol.getByLabel('What for').fill('To mend the page about the printer')
    await carol.getByRole('button', { name: 'Ask for access' }).click()
    await carol.getByText('It waits for an answer').waitFor()
    await ada.goto(`${product.origin}/`)
    await ada.getByText('carol asks for routes:use:wiki').waitFor()
    await ada.getByRole('link', { name: 'Answer' }).click()
    await ada.getByText('To mend the page about the printer').waitFor()
    assert.deepEqual(await findViolations(ada), [])
    await ada.getByRole('button', { name: 'Grant it to carol' }).click()
    await ada.getByText('Granted').first().waitFor()
  })

  test('for an hour it is open, in the session that was refused, and the page says by what', async () => {
    await carol.goto(wiki())
    await carol.getByRole('heading', { name: 'The wiki' }).waitFor()
    await carol.goto(`${product.origin}/why?permission=routes:use:wiki`)
    const told = await carol.locator('main').innerText()
    assert.match(told, /You may do this: routes:use:wiki/)
    assert.match(told, /in (an|1) hour|in (59|60) minutes/)
    const why = await runCommand(product.directory, ['why', 'routes:use:wiki', '--as', 'carol', '--json'])
    const { sources } = JSON.parse(why.stdout) as { sources: { kind: string; from: string; endsAt: string }[] }
    assert.deepEqual(
      sources.map(({ kind, from }) => [kind, from]),
      [['grant', 'ada']],
    )
  })

  test('revoked, it is refused again at once', async () => {
    const list = await runCommand(product.directory, ['grants', 'list', '--to', 'carol', '--json'])
    const { items } = JSON.parse(list.stdout) as { items: { id: string }[] }
    const ended = await runCommand(product.directory, ['grants', 'revoke', items[0]?.id ?? '', '--yes'])
    assert.equal(ended.code, 0, ended.stderr)
    await carol.goto(wiki())
    await carol.getByRole('heading', { name: 'Refused' }).waitFor()
  })
})
