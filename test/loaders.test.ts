import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { gatewayRoom } from '#gateway'
import { addPerson, startSetUpNode } from '#identity/testing'
import { pkiRoom } from '#pki'
import { defineRoom, loadMany, type ResourceLoader } from '#platform'
import { eachDialect } from '#platform/testing'

const loaders: ResourceLoader[] = []
const watching = defineRoom({
  name: 'watching',
  config: z.strictObject({}).prefault({}),
  migrations: [],
  errors: {},
  permissions: [],
  needs: {},
  open: () =>
    Promise.resolve({
      face: {},
      start: ({ resources }: { readonly resources: readonly ResourceLoader[] }) => {
        loaders.splice(0, loaders.length, ...resources)
        return Promise.resolve()
      },
    }),
})

eachDialect((_, open) => {
  test('many things are loaded as each is by itself, by every room', async (t) => {
    const node = await startSetUpNode(t, open, { rooms: [pkiRoom, gatewayRoom, watching] })
    const make = async (path: string, body: Readonly<Record<string, unknown>>) => {
      const answer = await node.call({ method: 'POST', path: `/api/v1/${path}`, local: true, body })
      assert.ok(answer.status < 300, answer.text)
      return answer.json
    }
    const ada = await addPerson(node.admin, 'ada', 'a long enough password')
    for (const name of ['left', 'right', 'gone']) {
      await make('groups', { name, title: name })
      await make('roles', { name, title: name, permissions: ['groups:read'] })
      await make('networks', { name, title: name, cidrs: ['192.0.2.0/24'] })
      await make('routes', { name, host: `${name}.localhost`, upstreams: ['http://127.0.0.1:3000'] })
    }
    for (const type of ['groups', 'roles', 'networks', 'routes']) {
      const answer = await node.call({ method: 'DELETE', path: `/api/v1/${type}/gone`, local: true })
      assert.ok(answer.status < 300, answer.text)
    }
    for (const pattern of ['groups:read:left', 'groups:read:right']) {
      await make('grants', { grantee: ada, permissions: [pattern] })
    }
    for (const device of ['washer', 'dryer']) await make('certificates', { profile: 'device', device, newKey: true })
    const { db } = node.kernel.database
    const compared: string[] = []
    for (const loader of loaders) {
      const listed = (await loader.list?.(db, undefined, 100)) ?? []
      const ids = ['gone', 'never', '', 'ü"\'%', ...listed.map(({ id }) => id), listed[0]?.id ?? 'never']
      const together = await loadMany(loader, ids, db)
      const each = new Map<string, unknown>()
      for (const id of ids) {
        const one = await loader.load(id, db)
        if (one !== undefined) each.set(id, one)
      }
      assert.deepEqual(together, each, loader.permissionType)
      if (loader.loadMany !== undefined && listed.length > 1) compared.push(loader.permissionType)
      assert.equal((await loadMany(loader, [], db)).size, 0)
    }
    for (const type of ['accounts', 'certificates', 'grants', 'groups', 'networks', 'roles']) {
      assert.ok(compared.includes(type), `${type} are loaded in one read, and there were some to compare`)
    }
  })
})
