import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import { grantsHeld, type PrincipalFacts } from './facts.ts'
import { openPolicyEngine } from './policy-engine.ts'

const types: readonly PermissionType[] = [{ type: 'files', ids: 'exact', actions: { read: 'Read', write: 'Write' } }]
const room: PolicyContribution = {
  schema: `namespace Files {
    entity Shelf;
    @permission("files") entity File in [Shelf] = { draft: Bool };
    @permission("files") entity Note;
  }`,
  policies: `
    @id("t:owner") permit (principal, action, resource) when { resource has owner && resource.owner == principal.id };
    @id("t:members") permit (principal, action == Gatehouse::Action::"files:read", resource)
      when { resource has members && resource.members.contains(principal.id) };
    @id("t:groups") permit (principal, action == Gatehouse::Action::"files:read", resource)
      when { resource has groups && principal in resource.groups };
    @id("t:shelf") permit (principal is Gatehouse::Account, action == Gatehouse::Action::"files:read", resource is Files::File)
      when { resource in Files::Shelf::"open" && !resource.draft };
  `,
}
const someone: PrincipalFacts = {
  id: 'acc_1',
  kind: 'account',
  state: 'active',
  groups: [],
  roles: [],
  grants: grantsHeld([]),
}
const file: Resource = { type: 'Files::File', id: 'f', attributes: { draft: false }, revision: 0 }

test('owner, members, groups and parents of a resource are what policies see, for every resource type', async () => {
  const engine = await openPolicyEngine([room], types)
  const ask = (resource: Resource | undefined, action = 'read', principal = someone) =>
    engine.ask({ principal, type: 'files', action, resource, context: { via: [] } }).policies
  assert.deepEqual(ask(undefined), [])
  assert.deepEqual(ask(file), [])
  assert.deepEqual(ask({ ...file, owner: 'acc_1' }, 'write'), ['t:owner'])
  assert.deepEqual(ask({ ...file, owner: 'acc_2' }, 'write'), [])
  assert.deepEqual(ask({ ...file, members: { principals: ['acc_2', 'acc_1'] } }), ['t:members'])
  assert.deepEqual(ask({ ...file, members: { principals: ['acc_1'] } }, 'write'), [])
  const inStaff = { ...someone, groups: ['staff'] }
  assert.deepEqual(ask({ ...file, members: { groups: ['staff'] } }, 'read', inStaff), ['t:groups'])
  assert.deepEqual(ask({ ...file, members: { groups: ['staff'] } }), [])
  const open = [{ type: 'Files::Shelf', id: 'open' }]
  assert.deepEqual(ask({ ...file, parents: open }), ['t:shelf'])
  assert.deepEqual(ask({ ...file, parents: open, attributes: { draft: true } }), [])
  const note = { type: 'Files::Note', id: 'n', attributes: {}, revision: 0, owner: 'acc_1' }
  assert.deepEqual(ask(note), ['t:owner'], 'a type without attributes of its own has relations too')
})

test('a parent of a kind the schema does not name refuses, as a wrong attribute does', async () => {
  const engine = await openPolicyEngine([room], types)
  const resource = { ...file, owner: 'acc_1', parents: [{ type: 'Files::Note', id: 'n' }] }
  const answer = engine.ask({ principal: someone, type: 'files', action: 'read', resource, context: { via: [] } })
  assert.equal(answer.allowed, false)
  assert.notEqual(answer.failure, undefined)
})
