import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { patched, settingsGroup, unlikeDefaults } from './group.ts'

const group = settingsGroup({ list: z.array(z.string()), limit: z.int().nullable() }, { list: ['a'], limit: null })

test('a patch brings only what it names: no default of a member it leaves out', () => {
  assert.deepEqual(group.patch.parse({}), {})
  const given = group.patch.parse({ limit: 3 })
  assert.deepEqual(patched<typeof group.defaults>({ list: ['b'], limit: null }, given), { list: ['b'], limit: 3 })
  assert.deepEqual(patched<typeof group.defaults>({ list: ['b'], limit: 3 }, group.patch.parse({ limit: null })), {
    list: ['b'],
    limit: null,
  })
  assert.equal(group.patch.safeParse({ other: 1 }).success, false)
})

test('what is stored is what is not as by default', () => {
  assert.deepEqual(unlikeDefaults({ list: ['a'], limit: null }, group.defaults), {})
  assert.deepEqual(unlikeDefaults({ list: [], limit: 1 }, group.defaults), { list: [], limit: 1 })
})
