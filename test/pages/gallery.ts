import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { bareDocument, contentSecurityPolicy, document, findAsset, type Html, html } from '#platform/ui'
import { samples } from '../../src/platform/ui-kit/samples.ts'
import { browserArguments, browserPath } from './browser.ts'

/**
 * `bin/runtime test/pages/gallery.ts [FOLDER]`: every piece of the ui-kit in headless Chromium, light and dark, on a
 * desk and on a phone, as pictures to look at. Prints the files it wrote and fails on any console message, which is how
 * a violated content security policy shows.
 */
const folder = resolve(process.argv[2] ?? 'gallery')
const now = Date.UTC(2026, 10, 22, 1, 5, 7)

const pieces = samples({ now, text: (text) => text })
const documents = new Set(['document', 'bareDocument'])
const bare = ['problemPage', 'refusalPage', 'strangerRefusal', 'confirmation', 'form'] as const

function chapter(name: string, piece: Html): Html {
  return html`<section><p class="faint"><code>${name}</code></p>${piece}</section>`
}

const parts = Object.entries(pieces).filter(([name]) => !documents.has(name) && !bare.some((other) => other === name))
const perPage = 8
const pages = new Map<string, string>(
  bare.map((name) => [`/${name}`, bareDocument({ title: name, body: pieces[name] }).toString()]),
)
for (let first = 0; first < parts.length; first += perPage) {
  const chapters = parts.slice(first, first + perPage).map(([name, piece]) => chapter(name, piece))
  const body = html`<header class="top"></header><nav class="rooms"></nav><main>${chapters}</main>`
  pages.set(`/pieces-${first / perPage + 1}`, document({ title: 'Pieces', frame: 'full', body }).toString())
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const page = pages.get(path)
  if (page !== undefined) {
    response
      .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': contentSecurityPolicy })
      .end(page)
    return
  }
  void findAsset(path.slice('/assets/'.length), request.headers['accept-encoding']?.toString() ?? null).then((asset) =>
    asset === undefined
      ? response.writeHead(404).end()
      : response.writeHead(200, { 'Content-Type': asset.type, ...asset.headers }).end(asset.body),
  )
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const address = server.address()
const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: browserPath, args: [...browserArguments] })
const complaints: string[] = []
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } })
      page.on('console', (message) => complaints.push(message.text()))
      for (const path of pages.keys()) {
        await page.goto(origin + path)
        const file = `${folder}/${path.slice(1)}-${width}-${colorScheme}.png`
        await page.screenshot({ path: file, fullPage: true })
        process.stdout.write(`${file}\n`)
      }
      await page.close()
    }
  }
} finally {
  await browser.close()
  server.close()
}
for (const complaint of new Set(complaints)) process.stderr.write(`${complaint}\n`)
process.exitCode = complaints.length === 0 ? 0 : 1
