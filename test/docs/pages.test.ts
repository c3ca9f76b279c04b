import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { root } from '../structure/sources.ts'
import { pages } from './pages.ts'

for (const [path, text] of Object.entries(pages)) {
  test(`${path} says what the sources say (else: npm run docs)`, async () => {
    assert.equal(readFileSync(resolve(root, path), 'utf8'), await text())
  })
}
