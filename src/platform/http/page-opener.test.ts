import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import type { Db } from '../db/database.ts'
import { pageOpener } from './page-opener.ts'
import { type RouteAccess, route } from './route.ts'

const actor: Actor = { principal: { kind: 'account', id: 'acc_1', name: 'ada' } }
const visitor = { actor, db: {} as Db, now: 0 }

function page(path: string, access: RouteAccess, door: 'browser' | 'api' = 'browser') {
  return route({ method: 'GET', path, door, access, handler: () => assert.fail('nothing is opened to know') })
}

const routes = [
  page('/routes/new', { permission: 'routes:create' }),
  page('/routes/{name}', { permission: 'routes:read:{name}' }),
  page('/routes', { permission: 'routes:read' }),
  page('/errors', { public: 'for a test' }),
  page('/account', { signedIn: 'for a test' }),
  page('/api/v1/routes', { public: 'for a test' }, 'api'),
]

test('asks what the page’s own door would ask, with the thing loaded', async () => {
  const asked: unknown[] = []
  const opens = pageOpener({
    routes,
    resources: [
      {
        permissionType: 'routes',
        load: (id) =>
          Promise.resolve(id === 'gone' ? undefined : { type: 'Gateway::Route', id, attributes: {}, revision: 1 }),
      },
    ],
    decide: (_, permission, resource) => {
      asked.push([permission, resource?.id])
      const allowed = permission !== 'routes:read:secret' && permission !== 'routes:create'
      return { allowed, step: 'policy', code: 'x', reason: 'x', policies: [] }
    },
  })
  for (const [path, expected, question] of [
    ['/routes/blog', true, ['routes:read:blog', 'blog']],
    ['/routes/blog?tab=1', true, ['routes:read:blog', 'blog']],
    ['/routes/secret', false, ['routes:read:secret', 'secret']],
    ['/routes/a%2Fb', true, ['routes:read:a%2Fb', 'a/b']],
    ['/routes/new', false, ['routes:create', undefined]],
    ['/routes/gone', false, undefined],
    ['/routes', true, ['routes:read', undefined]],
    ['/account', true, [undefined, undefined]],
    ['/errors', true, undefined],
    ['/api/v1/routes', false, undefined],
    ['/nowhere', false, undefined],
    ['/routes/', false, undefined],
    ['/routes/%E0%A4%A', false, undefined],
    ['https://evil.example/routes', false, undefined],
    ['//evil.example/errors', false, undefined],
    ['javascript:alert(1)', false, undefined],
  ] as const) {
    asked.length = 0
    assert.equal(await opens(visitor, path), expected, path)
    assert.deepEqual(asked, question === undefined ? [] : [question], path)
  }
})
