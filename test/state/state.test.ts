import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { apply, changesOf, exported, faultsOf, planOf, startStateNode } from './house.ts'

const sample = {
  version: 1,
  // written in no order: who refers stands before what is referred to
  tokens: { 'sam/backup': { permissions: ['routes:read'], networks: { allow: ['@office'] } } },
  routes: { blog: { host: 'blog.localhost', upstreams: ['http://127.0.0.1:3000'], networks: ['@office'] } },
  roles: {
    deployer: {
      title: 'Deployer',
      permissions: ['routes:use:blog', 'routes:read'],
      holders: { groups: ['watch'], accounts: ['fred'] },
    },
  },
  groups: {
    all: { title: 'All', members: { groups: ['watch'] } },
    watch: { title: 'The watch', members: { accounts: ['sam'] } },
  },
  accounts: { sam: { displayName: 'Sam Vimes', email: 'sam@example.org' }, fred: { state: 'disabled' } },
  networks: { office: { title: 'Office', cidrs: ['192.0.2.0/24', '192.0.2.0/24'] } },
}

eachDialect((_, open) => {
  test('a file is applied whole, and changes nothing the second time', async (t) => {
    const node = await startStateNode(t, open)
    const everything = [
      'create accounts/fred',
      'create accounts/sam',
      'create groups/all',
      'create groups/watch',
      'create networks/office',
      'create roles/deployer',
      'create routes/blog',
      'create tokens/sam/backup',
    ]
    assert.deepEqual([...(await changesOf(node.local, sample))].toSorted(), everything)
    assert.equal((await node.local('GET', '/api/v1/routes/blog')).status, 404, 'a plan is undone')
    const { items, secrets } = await apply(node.local, sample)
    assert.equal(items.length, everything.length)
    assert.deepEqual(secrets.map(({ kind, name, what }) => `${kind}/${name} ${what}`).toSorted(), [
      'accounts/fred password',
      'accounts/sam password',
      'tokens/sam/backup token',
    ])
    assert.deepEqual(await changesOf(node.local, sample), [])
    assert.deepEqual(await apply(node.local, sample), { items: [], secrets: [] })
  })

  test('what is exported changes nothing when applied, in either form, pruning or not', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, sample)
    const state = await exported(node.local)
    assert.deepEqual(await changesOf(node.local, state), [])
    assert.deepEqual(await changesOf(node.local, state, true), [])
    const { text, headers } = await node.local('GET', '/api/v1/state?format=yaml')
    assert.match(headers['content-type'] ?? '', /^application\/yaml/)
    const { parse } = await import('yaml')
    assert.deepEqual(parse(text), state)
  })

  test('the secrets of an apply open what they were made for, and stand nowhere else', async (t) => {
    const node = await startStateNode(t, open)
    const { secrets } = await apply(node.local, sample)
    const password = secrets.find(({ name }) => name === 'sam')?.secret ?? ''
    const signedIn = await node.call({ method: 'POST', path: '/sign-in', body: { handle: 'sam', password } })
    assert.ok(signedIn.cookies.get('__Host-gatehouse'), signedIn.text)
    const records = await listAudit(node.kernel.database.db, {}, { limit: 200 })
    assert.equal(records.filter(({ action }) => action === 'state.apply').length, 1)
    assert.ok(records.some(({ action }) => action === 'tokens.create'))
    const everything = JSON.stringify(await exported(node.local)) + JSON.stringify(records)
    for (const { secret } of secrets) assert.ok(!everything.includes(secret))
  })

  test('what a file leaves out stays; what it says differently changes', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, sample)
    const change = {
      accounts: { sam: { displayName: 'Sir Samuel' }, fred: { state: 'active' } },
      roles: { deployer: { permissions: ['routes:read'], holders: { accounts: ['sam'] } } },
      routes: { blog: { networks: [] } },
    }
    const { items } = await planOf(node.local, change)
    const fields = items.flatMap((item) => item.fields.map(({ field }) => `${item.kind}/${item.name} ${field}`))
    assert.deepEqual(fields, [
      'accounts/sam displayName',
      'accounts/fred state',
      'roles/deployer permissions',
      'roles/deployer holders',
      'routes/blog networks',
    ])
    await apply(node.local, change)
    const state = await exported(node.local)
    const { accounts, roles, routes } = state as Record<string, Record<string, Record<string, unknown>>>
    assert.deepEqual(accounts?.['sam'], { displayName: 'Sir Samuel', email: 'sam@example.org', state: 'active' })
    assert.equal(roles?.['deployer']?.['title'], 'Deployer')
    assert.deepEqual(roles?.['deployer']?.['holders'], { accounts: ['sam'], groups: [] })
    assert.equal(routes?.['blog']?.['host'], 'blog.localhost')
    assert.deepEqual(routes?.['blog']?.['networks'], [])
  })

  test('policies come with the history and the guards they have elsewhere', async (t) => {
    const node = await startStateNode(t, open)
    const text = 'forbid (principal, action == Gatehouse::Action::"routes:use", resource);\n'
    const state = { policies: { closed: { text, state: 'shadow' } } }
    await apply(node.local, state)
    assert.deepEqual(await changesOf(node.local, await exported(node.local), true), [])
    await apply(node.local, { policies: { closed: { text: `${text}// night\n` } } })
    const versions = await node.local('GET', '/api/v1/policies/closed/versions')
    assert.equal((versions.json['items'] as readonly unknown[]).length, 2)
    const faulty = { policies: { closed: { text: 'forbid (principal, action, ressource);' } } }
    assert.match((await faultsOf(node.local, faulty)).join(), /^\/policies\/closed\/text: 1:\d+ /)
    const lockOut = { policies: { all: { text: 'forbid (principal, action, resource);' } } }
    assert.match((await faultsOf(node.local, lockOut)).join(), /^\/policies\/all: /)
    await apply(node.local, { policies: {} }, true)
    assert.equal((await node.local('GET', '/api/v1/policies/closed')).status, 404)
  })

  test('pruning deletes only within the kinds named, and keeps what must stay', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, sample)
    const { items, kept } = await planOf(node.local, { roles: {}, routes: {} }, true)
    assert.deepEqual(
      items.map(({ action, kind, name }) => `${action} ${kind}/${name}`),
      ['delete roles/deployer', 'delete routes/blog'],
    )
    assert.deepEqual(items[0]?.consequences, ['roles.delete: 2 holders'])
    assert.deepEqual(
      kept.map(({ kind, name }) => `${kind}/${name}`),
      ['roles/administrator', 'roles/auditor'],
    )
    await apply(node.local, { roles: {}, routes: {} }, true)
    assert.equal((await node.local('GET', '/api/v1/groups/watch')).status, 200)
    assert.equal((await node.local('GET', '/api/v1/roles/deployer')).status, 404)
    assert.deepEqual(await faultsOf(node.local, { accounts: {} }, true), [
      '/accounts/admin: Nothing was changed: afterwards no active account would be administrator, and nobody could give the role back. Make another account administrator first.',
    ])
  })
})
