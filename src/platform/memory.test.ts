import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { bodyPassed, collectedBytes } from './memory.ts'
import { countCollections } from './testing/collections.ts'

test('what bodies leave behind is collected after so many bytes, however they are cut', async (t) => {
  const collected = countCollections(t)
  for (let at = 0; at < 8; at += 1) bodyPassed(collectedBytes / 8 - 1)
  await setImmediate()
  assert.equal(collected(), 0)
  bodyPassed(8)
  for (let at = 0; at < 4; at += 1) bodyPassed(collectedBytes)
  while (collected() < 5) await setImmediate()
  assert.equal(collected(), 5)
})
