import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { openBrowser } from '../product/browser.ts'
import { servePages } from './page-server.ts'
import { samplePages } from './sample-pages.ts'

/**
 * `bin/runtime test/pages/gallery.ts [FOLDER]`: every piece of the ui-kit and every page of the console in headless
 * Chromium, light and dark, on a desk and on a phone, as pictures to look at. Prints the files it wrote and fails on
 * any console message, which is how a violated content security policy shows.
 */
const folder = resolve(process.argv[2] ?? 'gallery')
mkdirSync(folder, { recursive: true })

const pages = samplePages()
const server = await servePages(pages)
const browser = await openBrowser()
const complaints = new Set<string>()
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } })
      page.on('console', (message) => complaints.add(`${message.location().url}: ${message.text()}`))
      for (const path of pages.keys()) {
        await page.goto(server.origin + path)
        const file = `${folder}/${path.slice(1) || 'overview'}-${width}-${colorScheme}.png`
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
for (const complaint of complaints) process.stderr.write(`${complaint}\n`)
process.exitCode = complaints.size === 0 ? 0 : 1
