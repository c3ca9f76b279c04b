import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { WebSocketServer } from 'ws'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { runCommand } from '../product/command.ts'
import { setUp } from '../product/set-up.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { findViolations } from './axe.ts'

describe('what happens is seen while it happens', { skip: browserMissing() }, () => {
  let app: Server
  let product: Product
  let browser: Browser
  let ada: Page

  before(async () => {
    app = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>Chat</title><h1>Chat</h1>')
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    new WebSocketServer({ server: app }).on('connection', (socket, request) => {
      socket.send(`hello ${String(request.headers['remote-user'])}`)
      socket.on('message', (data, binary) => socket.send(data, { binary }))
    })
    product = await startProduct()
    browser = await openBrowser()
    ada = await newPage()
    await setUp(ada, product)
  })
  after(async () => {
    await browser?.close()
    app?.closeAllConnections()
    app?.close()
    await cleanUp()
  })

  async function newPage(scripts = true): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: scripts })
    return context.newPage()
  }

  async function command(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await runCommand(product.directory, args)
    assert.equal(code, 0, stderr)
  }

  const rowOf = (page: Page, text: string) => page.locator('table.rows tbody tr', { hasText: text })

  test('new records appear in the journal by themselves, narrowed as the list is; they can be held up', async () => {
    await ada.goto(`${product.origin}/journal?what=accounts.`)
    await ada.getByText('New records appear as they come.').waitFor()
    const before = await ada.locator('table.rows tbody tr').count()
    await command('roles', 'create', 'readers', '--permission', 'audit:read')
    await command('accounts', 'create', 'grace', '--display-name', '<b onclick=alert(1)>Grace</b>')
    await rowOf(ada, 'grace').waitFor()
    assert.equal(await ada.locator('table.rows tbody tr').count(), before + 1)
    assert.equal(await ada.locator('table.rows b').count(), 0)
    await ada.getByText('1 new record', { exact: true }).waitFor({ state: 'attached' })

    await ada.getByRole('button', { name: 'Pause' }).click()
    await command('accounts', 'create', 'linus')
    await ada.getByRole('button', { name: 'Resume, 1 new' }).waitFor()
    assert.equal(await rowOf(ada, 'linus').count(), 0)
    assert.deepEqual(await findViolations(ada), [])
    await ada.getByRole('button', { name: 'Resume, 1 new' }).click()
    await rowOf(ada, 'linus').waitFor()
    assert.deepEqual(await findViolations(ada), [])
  })

  test('without scripts the page is whole and has a link to load it again', async () => {
    const plain = await newPage(false)
    await plain.context().addCookies(await ada.context().cookies())
    await plain.goto(`${product.origin}/journal?what=accounts.`)
    assert.equal(await plain.getByRole('button', { name: 'Pause' }).count(), 0)
    await plain.getByRole('link', { name: 'Reload' }).click()
    assert.equal(new URL(plain.url()).search, '?what=accounts.')
    await rowOf(plain, 'linus').waitFor()
  })

  test('a page of the app talks over a WebSocket, and is cut off when the session ends; the live list ends too', async () => {
    const upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    await command('routes', 'create', 'chat', '--host', 'chat.localhost', '--upstream', upstream, '--signed-in')
    const chat = await ada.context().newPage()
    await chat.goto(`https://chat.localhost:${product.port}/`)
    await chat.getByRole('heading', { name: 'Chat' }).waitFor()
    const said = await chat.evaluate(`new Promise((resolve, reject) => {
      const heard = []
      window.socket = new WebSocket('wss://' + location.host + '/socket')
      window.socketClosed = new Promise((done) => socket.addEventListener('close', ({ code, reason }) => done(code + ' ' + reason)))
      socket.addEventListener('error', () => reject(new Error('no WebSocket')))
      socket.addEventListener('open', () => socket.send('echo'))
      socket.addEventListener('message', ({ data }) => { if (heard.push(data) === 2) resolve(heard) })
    })`)
    assert.deepEqual(said, ['hello ada', 'echo'])

    // a page of another app of this gate: same site, so its browser sends the cookie along
    await command(
      'routes',
      'create',
      'evil',
      '--host',
      'evil.localhost',
      '--upstream',
      upstream,
      '--public',
      'up to no good',
    )
    const evil = await ada.context().newPage()
    await evil.goto(`https://evil.localhost:${product.port}/`)
    const refused = await evil.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('wss://chat.localhost:' + location.port + '/socket')
      socket.addEventListener('open', () => resolve('open'))
      socket.addEventListener('error', () => resolve('refused'))
    })`)
    assert.equal(refused, 'refused')

    await ada.goto(`${product.origin}/journal`)
    await ada.getByText('New records appear as they come.').waitFor()
    await command('sessions', 'end-all', 'ada', '--yes').catch(() =>
      command('accounts', 'reset-password', 'ada', '--yes'),
    )
    assert.equal(await chat.evaluate('window.socketClosed'), '1008 the session ended')
    await ada.getByText('Live updates ended.').waitFor()
    await ada.getByRole('link', { name: 'Reload' }).waitFor()
  })
})
