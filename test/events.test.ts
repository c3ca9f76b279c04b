import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rooms } from '../src/app.ts'
import { platformEvents } from '../src/platform/platform-events.ts'
import { journalActions, undeclaredEvents } from './structure/journal-actions.ts'
import { describeViolations, readFiles } from './structure/sources.ts'

test('every journalled change is a declared event, and every declared event is journalled', () => {
  const names = rooms.map(({ name }) => name)
  const declared = new Set([platformEvents, ...rooms.map(({ events = {} }) => events)].flatMap(Object.keys))
  const actions = journalActions(readFiles('src/**/*.ts'), names, declared)
  assert.equal(describeViolations(undeclaredEvents(actions, declared)), '')
})

test('the search finds an action that is missing, and one that is gone', () => {
  const files = new Map([
    ['src/access/x.ts', "await ctx.audit({ action: 'things.make' }) // 'things.comment'\nthrow fail('access.refused')"],
    ['src/access/y.ts', "const name = 'things.other'"],
  ])
  const actions = journalActions(files, ['access'])
  assert.deepEqual([...actions.keys()], ['things.make'])
  assert.equal(undeclaredEvents(actions, new Set(['things.gone'])).length, 2)
})

test('no two rooms declare one event', () => {
  const all = [platformEvents, ...rooms.map(({ events = {} }) => events)].flatMap(Object.keys)
  assert.equal(new Set(all).size, all.length)
})
