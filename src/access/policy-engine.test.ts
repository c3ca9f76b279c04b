import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import type { PrincipalKind, Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import { cedarVersion } from './cedar.ts'
import { grantsHeld, type PrincipalFacts } from './facts.ts'
import { policies as own } from './policies.ts'
import { type EarlierStarts, openPolicyEngine } from './policy-engine.ts'

const types: readonly PermissionType[] = [
  { type: 'routes', ids: 'exact', actions: { read: 'See', use: 'Use', delete: 'Delete' } },
  { type: 'files', ids: 'path', actions: { read: 'Read' } },
  { type: 'grants', ids: 'exact', actions: { read: 'See', create: 'Make', revoke: 'End' } },
  ...['groups', 'roles', 'networks'].map((type) => ({ type, ids: 'exact' as const, actions: { read: 'See' } })),
]
const room: PolicyContribution = {
  schema: `namespace Gateway {
    @permission("routes") entity Route = { access: String, level: Long, owner?: String, tags: Set<String> };
    @permission("files routes") entity File = { hidden: Bool };
  }`,
  policies: `
    @id("t:signed-in") permit (principal is Gatehouse::Account, action == Gatehouse::Action::"routes:use", resource is Gateway::Route)
      when { resource.access == "signed-in" };
    @id("t:owner") permit (principal, action in [Gatehouse::Action::"routes:read", Gatehouse::Action::"routes:delete"], resource is Gateway::Route)
      when { resource has owner && resource.owner == principal.id };
    @id("t:operators") permit (principal in Gatehouse::Group::"operators", action, resource is Gateway::Route)
      unless { resource.tags.contains("secret") };
    @id("t:nobody-secret") forbid (principal, action, resource is Gateway::Route)
      when { resource.tags.contains("secret") && !(principal in Gatehouse::Group::"cleared") };
    @id("t:no-token-deletes") forbid (principal, action == Gatehouse::Action::"routes:delete", resource)
      when { context has credential && context.credential == "token" };
    @id("t:files") permit (principal, action == Gatehouse::Action::"files:read", resource is Gateway::File) unless { resource.hidden };
    @id("t:devices") forbid (principal is Gatehouse::Device, action, resource) unless { context.via.contains("role:devices") };
    @id("t:level") forbid (principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route)
      when { resource.level + 9223372036854775000 < 0 };
    @id("t:one") permit (principal == Gatehouse::Account::"acc_1", action, resource == Gateway::Route::"rt_1");
  `,
}

const kinds: readonly PrincipalKind[] = ['account', 'app', 'device', 'deploy-key', 'local', 'system', 'anonymous']
const principal = fc.record({
  kind: fc.constantFrom(...kinds),
  id: fc.constantFrom('acc_1', 'acc_2'),
  groups: fc.uniqueArray(fc.constantFrom('operators', 'cleared', 'others'), { maxLength: 3 }),
})
const attributes = fc.record(
  {
    access: fc.constantFrom('signed-in', 'role'),
    level: fc.constantFrom(0, 5, 9_007_199_254_740_991),
    tags: fc.uniqueArray(fc.constantFrom('secret', 'public'), { maxLength: 2 }),
    owner: fc.constantFrom('acc_1', 'acc_2'),
  },
  { requiredKeys: ['access', 'level', 'tags'] },
)
const resource: fc.Arbitrary<Resource | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({
    type: fc.constant('Gateway::Route'),
    id: fc.constantFrom('rt_1', 'rt_2'),
    attributes,
    revision: fc.constant(1),
  }),
  fc.record({
    type: fc.constant('Gateway::File'),
    id: fc.constant('a/b'),
    attributes: fc.record({ hidden: fc.boolean() }),
    revision: fc.constant(1),
  }),
)
const action = fc.constantFrom('routes:read', 'routes:use', 'routes:delete', 'files:read', 'grants:read')
const context = fc.record(
  {
    via: fc.uniqueArray(fc.constantFrom('role:devices', 'grant:gra_1'), { maxLength: 2 }),
    credential: fc.constantFrom('token', 'password'),
  },
  { requiredKeys: ['via'] },
)

/** Cedar itself over every policy and the plain texts: no slices, nothing prepared, nothing remembered. */
function unsliced(who: PrincipalFacts, permission: string, what: Resource | undefined, given: object): boolean {
  const type = {
    account: 'Account',
    app: 'App',
    device: 'Device',
    'deploy-key': 'DeployKey',
    local: 'Local',
    system: 'System',
    anonymous: 'Anonymous',
  }[who.kind]
  const uid = { type: `Gatehouse::${type}`, id: who.id }
  const parents = who.groups.map((id) => ({ type: 'Gatehouse::Group', id }))
  const thing =
    what === undefined
      ? { type: 'Gatehouse::Collection', id: permission.split(':')[0] ?? '' }
      : { type: what.type, id: what.id }
  const texts = [own, room].flatMap(({ policies }) => {
    const parts = cedar.policySetTextToParts(policies)
    return parts.type === 'success' ? parts.policies : assert.fail()
  })
  const answer = cedar.isAuthorized({
    principal: uid,
    action: { type: 'Gatehouse::Action', id: permission },
    resource: thing,
    context: given as Record<string, never>,
    policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) },
    entities: [
      { uid, attrs: { id: who.id }, parents },
      ...(what === undefined ? [] : [{ uid: thing, attrs: what.attributes as Record<string, never>, parents: [] }]),
    ],
  })
  return (
    answer.type === 'success' && answer.response.decision === 'allow' && answer.response.diagnostics.errors.length === 0
  )
}

test('attack 38: slices, schema and prepared sets answer as plain Cedar over every policy does', async () => {
  const engine = await openPolicyEngine([own, room], types)
  let allowed = 0
  fc.assert(
    fc.property(principal, action, resource, context, ({ kind, id, groups }, permission, what, given) => {
      const [type = '', name = ''] = permission.split(':')
      if (what !== undefined && !engine.accepts(type, what.type)) return
      const who: PrincipalFacts = { id, kind, state: 'active', groups, roles: [], grants: grantsHeld([]) }
      const answer = engine.ask({ principal: who, type, action: name, resource: what, context: given })
      allowed += answer.allowed ? 1 : 0
      assert.equal(answer.allowed, unsliced(who, permission, what, given), `${kind} ${permission}`)
      assert.ok(!(answer.allowed && answer.policies.length === 0), 'every permission names its policy')
    }),
    { numRuns: 300 },
  )
  assert.ok(allowed > 20, `only ${allowed} were allowed: the comparison would prove little`)
})

test('attack 38: a forbid that fails to evaluate refuses, whatever permits', async () => {
  const engine = await openPolicyEngine([own, room], types)
  const who: PrincipalFacts = {
    id: 'local',
    kind: 'local',
    state: 'active',
    groups: [],
    roles: [],
    grants: grantsHeld([]),
  }
  const at = (level: number): Resource => ({
    type: 'Gateway::Route',
    id: 'rt_1',
    attributes: { access: 'x', level, tags: [] },
    revision: 1,
  })
  const asked = { principal: who, type: 'routes', action: 'use', context: { via: [] } }
  assert.equal(engine.ask({ ...asked, resource: at(1) }).allowed, true)
  const overflow = engine.ask({ ...asked, resource: at(Number.MAX_SAFE_INTEGER) })
  assert.equal(overflow.allowed, false)
  assert.match(overflow.failure ?? '', /overflow/)
})

test('attack 38: a forbid that looks at somebody it names refuses them, though it says principal nowhere', async () => {
  const named: PolicyContribution = {
    schema: '',
    policies: `
      @id("t:all") permit (principal, action == Gatehouse::Action::"grants:read", resource);
      @id("t:named") forbid (principal, action == Gatehouse::Action::"grants:read", resource)
        when { Gatehouse::Account::"acc_1" has id && Gatehouse::Account::"acc_1".id == "acc_1" };`,
  }
  const engine = await openPolicyEngine([own, room, named], types)
  const ask = (id: string) => {
    const who: PrincipalFacts = { id, kind: 'account', state: 'active', groups: [], roles: [], grants: grantsHeld([]) }
    const context = { via: [] }
    return engine.ask({ principal: who, type: 'grants', action: 'read', resource: undefined, context }).allowed
  }
  assert.deepEqual([ask('acc_1'), ask('acc_2')], [false, true])
})

test('attack 38: entities and context that do not fit the schema refuse', async () => {
  const engine = await openPolicyEngine([own, room], types)
  const who: PrincipalFacts = {
    id: 'local',
    kind: 'local',
    state: 'active',
    groups: [],
    roles: [],
    grants: grantsHeld([]),
  }
  const good = { access: 'x', level: 1, tags: [] }
  const ask = (
    attributes: Resource['attributes'],
    given: Readonly<Record<string, string | readonly string[]>> = { via: [] },
  ) =>
    engine.ask({
      principal: who,
      type: 'routes',
      action: 'use',
      resource: { type: 'Gateway::Route', id: 'rt_1', attributes, revision: 1 },
      context: given,
    })
  assert.equal(ask(good).allowed, true)
  for (const bad of [
    {},
    { ...good, level: '1' },
    { ...good, level: 1.5 },
    { ...good, tags: 'x' },
    { ...good, more: 1 },
    { access: 'x' },
  ]) {
    const answer = ask(bad)
    assert.equal(answer.allowed, false, JSON.stringify(bad))
    assert.notEqual(answer.failure, undefined)
  }
  assert.equal(ask(good, {}).allowed, false)
  assert.equal(ask(good, { via: [], more: 'x' }).allowed, false)
})

test('a faulty contribution stops the boot and is named', async () => {
  const schema = 'namespace R { @permission("routes") entity Route = { access: String }; }'
  const permit = 'permit (principal, action == Gatehouse::Action::"routes:use", resource is R::Route)'
  const cases: readonly (readonly [PolicyContribution, RegExp])[] = [
    [{ schema: 'namespace R {', policies: '' }, /schema is faulty/],
    [
      { schema: 'namespace R { entity X; action "x" appliesTo { principal: [X], resource: [X] }; }', policies: '' },
      /writes actions/,
    ],
    [{ schema: 'namespace R { @permission("rouets") entity Route; }', policies: '' }, /rouets, which no room declares/],
    [{ schema, policies: `${permit};` }, /no @id/],
    [{ schema, policies: `@id("nameless") ${permit};` }, /no @id/],
    [{ schema, policies: `@id("access:held") ${permit};` }, /two Cedar policies are called access:held/],
    [{ schema, policies: '@id("r:a") permit (principal, action' }, /policy is faulty/],
    [{ schema, policies: '@id("r:a") permit (principal == ?principal, action, resource);' }, /templates/],
    [{ schema, policies: `@id("r:a") ${permit} when { resource.acess == "x" };` }, /r:a: .*acess/],
    [
      { schema, policies: '@id("r:a") permit (principal, action == Gatehouse::Action::"routes:fly", resource);' },
      /r:a/,
    ],
    [{ schema, policies: '@id("r:a") permit (principal is Gatehouse::Acount, action, resource);' }, /r:a/],
  ]
  for (const [contribution, message] of cases) {
    await assert.rejects(
      openPolicyEngine([own, contribution], types),
      (error) => error instanceof TypeError && message.test(error.message),
      String(message),
    )
  }
})

/** What earlier starts left, in memory; `asked` counts what was found. */
function memoryOfStarts() {
  const valid = new Set<string>()
  const readings = new Map<string, string>()
  const found: string[] = []
  const earlier: EarlierStarts = {
    readings: {
      find: async (digest) => {
        const reading = readings.get(digest)
        if (reading !== undefined) found.push(digest)
        return reading
      },
      keep: async (digest, reading) => void readings.set(digest, reading),
    },
    validated: {
      has: async (digest) => valid.has(digest),
      add: async (digest) => void valid.add(digest),
    },
  }
  return { valid, readings, found, earlier }
}

const faultyRoom = {
  ...room,
  policies: `${room.policies}\n@id("test:faulty") permit (principal, action, resource) when { context.nothing };`,
}

test('a set is validated once and remembered; another set, and a faulty one, is never taken for it', async () => {
  const { valid, earlier } = memoryOfStarts()
  await openPolicyEngine([own, room], types, earlier)
  await openPolicyEngine([own, room], types, earlier)
  assert.equal(valid.size, 1)
  await assert.rejects(openPolicyEngine([own, faultyRoom], types, earlier), /test:faulty/)
  assert.equal(valid.size, 1)
})

test('the same texts are read once and remembered; other texts are never taken for them', async () => {
  const { readings, found, earlier } = memoryOfStarts()
  const first = await openPolicyEngine([own, room], types, earlier)
  const again = await openPolicyEngine([own, room], types, earlier)
  assert.equal(found.length, 1)
  assert.deepEqual(again.schema, first.schema)
  assert.deepEqual(again.policies, first.policies)
  const fresh = await openPolicyEngine([own, room], types)
  assert.deepEqual(again.schema, fresh.schema)
  assert.deepEqual(again.policies, fresh.policies)
  const other = { ...room, policies: room.policies.replace('@id("', ' @id("') }
  await openPolicyEngine([own, other], types, earlier)
  assert.equal(readings.size, 2)
  assert.equal(found.length, 1)
})

test('an engine of remembered policies answers as the one that read them', async () => {
  const { earlier } = memoryOfStarts()
  const first = await openPolicyEngine([own, room], types, earlier)
  const again = await openPolicyEngine([own, room], types, earlier)
  fc.assert(
    fc.property(principal, action, resource, context, ({ kind, id, groups }, permission, what, given) => {
      const [type = '', name = ''] = permission.split(':')
      const who: PrincipalFacts = { id, kind, state: 'active', groups, roles: [], grants: grantsHeld([]) }
      const question = { principal: who, type, action: name, resource: what, context: given }
      assert.deepEqual(again.ask(question), first.ask(question))
    }),
    { numRuns: 50 },
  )
})

test('what the installed Cedar says of its version is what it is when loaded', () => {
  assert.equal(cedarVersion(), cedar.getCedarVersion())
})
