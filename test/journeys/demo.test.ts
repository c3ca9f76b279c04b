import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startSampleApp } from '../../demo/sample-app.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { type Demo, startDemo } from '../product/demo.ts'
import { cleanUp, newDirectory } from '../product/start.ts'

test('a demo touches no directory that exists', async () => {
  const data = join(newDirectory(), 'data')
  mkdirSync(data)
  await assert.rejects(startDemo(data), /ended with 2:\n.*only uses a directory of its own/)
  assert.deepEqual(readdirSync(data), [])
})

test('the sample app goes on when somebody comes past the gate with headers that mean nothing', async (t) => {
  const app = await startSampleApp()
  t.after(() => app.stop())
  for (const broken of ['a.b.c', 'a.', `a.${Buffer.from('null').toString('base64url')}.c`, '%']) {
    const answer = await fetch(app.url, { headers: { 'x-gatehouse-assertion': broken, 'remote-name': '%E0' } })
    assert.equal(answer.status, 200)
    assert.match(await answer.text(), /Sample app/)
  }
})

// one story, told in order
describe('the demo, looked at by three of its people', { skip: browserMissing() }, () => {
  const data = join(newDirectory(), 'data')
  let demo: Demo
  let browser: Browser

  before(async () => {
    demo = await startDemo(data)
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await demo?.end()
    await cleanUp()
  })

  async function openAs(handle: string, place: string): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    await page.goto(demo.places.get(place) ?? '')
    await page.getByLabel('Handle').fill(handle)
    await page.getByLabel('Password', { exact: true }).fill(demo.passwords.get(handle) ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    return page
  }

  test('one is let in by a role that two nested groups give, and the app is told who came', async () => {
    const page = await openAs('sam', 'wiki')
    await page.getByText('Welcome, Sam Okafor').waitFor()
    const text = await page.locator('body').innerText()
    assert.match(text, /Your groups: engineering,staff/)
    assert.match(text, /remote-user\s+sam/)
    assert.match(text, /preferred_username\s+sam/)
  })

  test('one is let in for an hour by a grant', async () => {
    const page = await openAs('tom', 'wiki')
    await page.getByText('Welcome, Tom Weaver').waitFor()
  })

  test('one is refused and told why, and has asked for it', async () => {
    const page = await openAs('lin', 'wiki')
    await page.getByRole('heading', { name: 'Refused' }).waitFor()
    await page.goto(`${demo.origin}/requests?mine=true`)
    await page.getByText('To read how the kiln is fired').first().waitFor()
  })

  test('the disabled one cannot sign in, and the VPN’s app answers nobody here', async () => {
    const page = await openAs('max', 'board')
    await page.getByRole('alert').first().waitFor()
    const payroll = await page.goto(demo.places.get('payroll') ?? '')
    assert.equal(payroll?.status(), 403)
  })

  test('Ctrl-C ends all of it and leaves nothing behind', async () => {
    assert.equal(await demo.end(), 0)
    assert.equal(existsSync(data), false)
    const knock = connect(Number(new URL(demo.origin).port), '127.0.0.1')
    knock.once('connect', () => knock.destroy(new Error('somebody listens there')))
    const [error] = (await once(knock, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNREFUSED')
  })
})
