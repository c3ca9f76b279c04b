import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor, Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { createGrant } from './grants.ts'
import { addMember, createGroup } from './groups.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { accessMigrations, addAccount, addRole, startAccess } from './testing.ts'

const types: readonly PermissionType[] = [
  { type: 'files', ids: 'path', actions: { read: 'Read', write: 'Write' } },
  { type: 'notes', ids: 'exact', actions: { read: 'Read', write: 'Write' } },
]
const vocabulary = new Vocabulary([...permissions, ...types])

/** Every kind of policy that tells things apart, or does not; each case draws some of them. */
const pool = [
  'permit (principal is Gatehouse::Account, action, resource) when { resource has owner && resource.owner == principal.id };',
  'permit (principal, action == Gatehouse::Action::"notes:read", resource) when { resource has members && resource.members.contains(principal.id) };',
  'permit (principal, action == Gatehouse::Action::"files:read", resource) when { resource has groups && principal in resource.groups };',
  'permit (principal, action, resource is Files::File) when { resource.level + 9223372036854775000 > 0 && resource.level > 2 };',
  'permit (principal in Gatehouse::Group::"staff", action, resource is Files::File) unless { resource.level == 1 };',
  'permit (principal, action == Gatehouse::Action::"notes:write", resource == Files::Note::"n1");',
  'permit (principal == Gatehouse::Account::"acc_2", action, resource);',
  'forbid (principal, action == Gatehouse::Action::"files:write", resource is Files::File) when { resource.level == 3 };',
  'forbid (principal, action, resource is Files::File) when { resource.level + 9223372036854775806 < 0 };',
  'forbid (principal, action == Gatehouse::Action::"notes:read", resource) unless { principal in Gatehouse::Group::"staff" };',
  'forbid (principal, action, resource) when { context.via.contains("role:files") };',
  'forbid (principal, action, resource) when { context has credential && context.credential == "token" };',
  'forbid (principal, action, resource is Files::Note) when { resource in Files::Shelf::"closed" };',
]
const schema = `namespace Files {
  entity Shelf;
  @permission("files") entity File = { level: Long };
  @permission("notes") entity Note in [Shelf];
}`

const relation = fc.record(
  {
    owner: fc.constantFrom('acc_1', 'acc_2', 'acc_3'),
    members: fc.record(
      {
        principals: fc.uniqueArray(fc.constantFrom('acc_1', 'acc_2'), { maxLength: 2 }),
        groups: fc.uniqueArray(fc.constantFrom('staff', 'team', 'others'), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)
const file: fc.Arbitrary<Resource> = fc
  .tuple(fc.constantFrom('a', 'a/b', 'a/c', 'b', 'c/d/e'), fc.constantFrom<unknown>(0, 1, 3, 9, 'bad', 1.5), relation)
  .map(([id, level, has]) => ({ type: 'Files::File', id, attributes: { level: level as number }, revision: 0, ...has }))
const note: fc.Arbitrary<Resource> = fc
  .tuple(fc.constantFrom('n1', 'n2', 'n 3', 'n/4'), fc.boolean(), relation)
  .map(([id, closed, has]) => ({
    type: 'Files::Note',
    id,
    attributes: {},
    revision: 0,
    ...has,
    ...(closed ? { parents: [{ type: 'Files::Shelf', id: 'closed' }] } : {}),
  }))
const things = fc.oneof(
  fc.record({ type: fc.constant('files'), resources: fc.array(file, { maxLength: 12 }) }),
  fc.record({ type: fc.constant('notes'), resources: fc.array(note, { maxLength: 12 }) }),
)
const limits = fc.constantFrom<Partial<Actor['credential']>>(
  {},
  { kind: 'token' },
  { permissions: ['files:read:a/**', 'notes:*:n1'] },
  { expiresAt: 1 },
)

eachDialect((_, open) => {
  test('attack 38: a list is filtered by the very answers single reads give, whatever the policies', async (t) => {
    let lists = 0
    let allowed = 0
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const clock = fakeClock()
      const database = await open(t, { clock, rooms: [accessMigrations] })
      const drawn = pool.filter((__, index) => (index * 7 + seed * 5) % 6 < 3)
      const policies = drawn.map((text, index) => `@id("t:p${index}") ${text}`).join('\n')
      const contribution: PolicyContribution = { schema, policies }
      const access = await startAccess({ database, clock, permissionTypes: types, policies: [contribution] })
      const ctx = testContext({ database, clock })
      await addRole(ctx, 'files', ['files:read:a/*', 'notes:write'])
      await addRole(ctx, 'all', ['files:*', 'notes:read:n1'])
      await createGroup(ctx, { name: 'staff', title: 'Staff', description: '' })
      await createGroup(ctx, { name: 'team', title: 'Team', description: '' })
      await addMember(ctx, 'staff', { kind: 'group', id: 'team' })
      const actors = [
        await addAccount(access.face, ctx, 'acc_1', ['files']),
        await addAccount(access.face, ctx, 'acc_2', ['all']),
        await addAccount(access.face, ctx, 'acc_3'),
      ]
      await addMember(ctx, 'team', { kind: 'principal', id: 'acc_3' })
      const [, lender] = actors
      const grantor = testContext({ database, clock, ...(lender === undefined ? {} : { actor: lender }) })
      for (const permission of ['files:read:b', 'notes:read:n1', 'files:write:a/**']) {
        const grant = { grantee: 'acc_3', permissions: [permission], note: '', startsAt: undefined, endsAt: undefined }
        await createGrant(grantor, vocabulary, grant)
      }
      const who = fc.tuple(fc.constantFrom(...actors), limits)
      const question = fc.tuple(who, fc.constantFrom('read', 'write'), things)
      await fc.assert(
        fc.asyncProperty(question, async ([[someone, limit], action, { type, resources }]) => {
          const { credential } = someone
          const actor = { ...someone, ...(credential === undefined ? {} : { credential: { ...credential, ...limit } }) }
          const asked = { actor, type, action, paths: type === 'files', now: clock.now() }
          const alike = async (idOf: (resource: Resource, at: number) => string) => {
            const named = resources.map((resource, at) => ({ id: idOf(resource, at), resource }))
            const listed = await access.decisions.decideEach(asked, named)
            const single = []
            for (const { id, resource } of named) {
              const text = `${type}:${action}:${type === 'files' ? id : encodeURIComponent(id)}`
              const explained = await access.decisions.explain(actor, text, resource, asked.now)
              single.push(explained?.decision.allowed === true)
            }
            assert.deepEqual(listed, single)
            return single
          }
          const single = await alike(({ id }) => id)
          // a thing under the name of another is neither of them
          await alike((_, at) => resources[(at + 1) % resources.length]?.id ?? '')
          lists += 1
          allowed += single.filter(Boolean).length
        }),
        { numRuns: 60, seed },
      )
    }
    assert.ok(lists === 360 && allowed > 150, `${lists} lists, ${allowed} allowed`)
  })
})
