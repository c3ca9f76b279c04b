import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireUnchanged, revisionTag } from './precondition.ts'

test('a change goes through at the revision that was read, and not later', () => {
  const asking = (value?: string) => new Headers(value === undefined ? {} : { 'If-Match': value })
  for (const fits of [undefined, '*', '"7"', '"6", "7"', revisionTag(7)]) requireUnchanged(asking(fits), 7)
  for (const stale of ['"6"', '7', 'W/"7"', '""', '"7', '"77"', 'x']) {
    assert.throws(
      () => requireUnchanged(asking(stale), 7),
      { code: 'platform.precondition-failed', status: 412 },
      stale,
    )
  }
})
