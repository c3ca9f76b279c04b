import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cachedDataVersionTag } from 'node:v8'
import { theCedar } from './cedar.ts'

test('loading Cedar leaves V8 with the flags it had, by which it takes or refuses cached code', () => {
  const before = cachedDataVersionTag()
  assert.match(theCedar().getCedarVersion(), /^4\./)
  assert.equal(cachedDataVersionTag(), before)
})
