import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type PageServer, servePages } from '../pages/page-server.ts'
import { samplePages } from '../pages/sample-pages.ts'
import { browserMissing, openBrowser } from '../product/browser.ts'
import { findViolations } from './axe.ts'

describe('every piece and every page of the console', { skip: browserMissing() }, () => {
  const pages = samplePages()
  let browser: Browser
  let server: PageServer

  before(async () => {
    server = await servePages(pages)
    browser = await openBrowser()
  })

  after(async () => {
    await browser.close()
    server.close()
  })

  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    test(`has no accessibility violation (${colorScheme}, ${width} px)`, async () => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } })
      const found: string[] = []
      page.on('console', (message) => found.push(`console: ${message.text()}`))
      for (const path of pages.keys()) {
        await page.goto(server.origin + path)
        for (const violation of await findViolations(page)) found.push(`${path} ${violation}`)
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth > document.documentElement.clientWidth',
        )
        if (overflow === true) found.push(`${path} scrolls sideways`)
      }
      await page.close()
      assert.deepEqual(found, [])
    })
  }

  test('works without script: nothing is hidden that script would have to show', async () => {
    const page = await browser.newPage({ javaScriptEnabled: false })
    await page.goto(`${server.origin}/journal-record`)
    assert.ok(await page.getByText('Place in the chain').isVisible())
    assert.equal(await page.getByRole('button', { name: /copy/i }).count(), 0, 'no button that does nothing')
    await page.close()
  })

  test('an id copies whole when selected, shortened as it looks', async () => {
    const page = await browser.newPage()
    await page.goto(`${server.origin}/journal-record`)
    const selected = await page.evaluate(`(() => {
      const code = document.querySelector('.facts code.id')
      getSelection().selectAllChildren(code)
      return getSelection().toString()
    })()`)
    assert.match(String(selected), /^rt_[0-9a-f]{32}$/)
    await page.close()
  })

  test('Ctrl-K goes to the search, again to the filter of the list; Ctrl-/ lists the keys, Escape closes', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(`${server.origin}/journal`)
    await page.keyboard.press('Control+k')
    assert.equal(await page.evaluate('document.activeElement.name'), 'q')
    await page.keyboard.press('Control+k')
    assert.equal(await page.evaluate('document.activeElement.name'), 'who')
    await page.keyboard.press('Control+/')
    assert.ok(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible())
    assert.deepEqual(await findViolations(page), [])
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible(), false)
    await page.close()
  })

  test('on a phone the rooms open from the bar at the bottom, without script too', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await browser.newPage({ javaScriptEnabled, viewport: { width: 390, height: 800 } })
      await page.goto(`${server.origin}/journal`)
      const rooms = page.getByRole('navigation', { name: 'Rooms' })
      assert.equal(await rooms.isVisible(), false)
      await page.getByRole('button', { name: 'Rooms' }).click()
      assert.ok(await rooms.getByRole('link', { name: 'Certificates' }).isVisible())
      if (javaScriptEnabled) assert.deepEqual(await findViolations(page), [])
      await page.close()
    }
  })
})
