import { z } from 'zod'
import {
  type AnyStateKind,
  givenFields,
  type StateItem,
  type StateStep,
  sortedTexts,
  stateFaults,
  stateKind,
  stateStep,
} from '#platform'
import { groupBody, groupPatch, networkBody, networkPatch, roleBody, rolePatch, slug } from './contract.ts'
import { addMember, changeGroup, createGroup, deleteGroup, removeMember } from './groups.ts'
import { changeNetwork, cidrsOf, createNetwork, deleteNetwork } from './named-networks.ts'
import type { OpenAccess } from './open.ts'
import { type Consent, consentOf } from './operator/named-things.ts'
import type { Vocabulary } from './permissions.ts'
import { changeRole, createRole, deleteRole, giveRole, permissionsOf, takeRole } from './roles.ts'
import { grantsState } from './state-grants.ts'
import { changeOf, linkSteps, namesOf, type People, people, peopleOf, referencesOf } from './state-people.ts'
import { policiesState } from './state-policies.ts'
import { allGroups, allHolders, allMembers, allNetworks, allRoles } from './state-store.ts'

/** Named networks, groups, roles, policies and grants as files declare them. */
export function accessState(access: Pick<OpenAccess, 'vocabulary' | 'inForce' | 'bearings'>): readonly AnyStateKind[] {
  // a file says first what the policies shall say: then nothing that is deleted is named by one
  const consent = consentOf(access.inForce, [])
  return [
    networksState(consent),
    groupsState(consent),
    rolesState(() => access.vocabulary(), consent),
    policiesState(access),
    grantsState(() => access.vocabulary()),
  ]
}

const cidrs = networkBody.shape.cidrs.transform(sortedTexts)

function networksState(consent: Consent): AnyStateKind {
  return stateKind({
    kind: 'networks',
    after: [],
    name: slug,
    fields: networkPatch.extend({ cidrs: cidrs.optional() }),
    async read({ db }) {
      return byName(await allNetworks(db), (row) => ({
        id: row.name,
        fields: { title: row.title, cidrs: sortedTexts(cidrsOf(row)) },
      }))
    },
    plan({ name, before, wanted }) {
      if (wanted === undefined)
        return only('delete', `networks:delete:${name}`, (tx) => deleteNetwork(tx, name, consent))
      if (before !== undefined)
        return only('update', `networks:update:${name}`, (tx) => changeNetwork(tx, name, givenFields(wanted)))
      const body = networkBody.safeParse({ name, ...wanted })
      if (!body.success) return stateFaults(body.error)
      return only('create', 'networks:create', (tx) => createNetwork(tx, body.data))
    },
  })
}

function groupsState(consent: Consent): AnyStateKind {
  return stateKind({
    kind: 'groups',
    after: ['accounts'],
    name: slug,
    fields: groupPatch.extend({ members: people.optional() }),
    async read({ db }) {
      const members = grouped(await allMembers(db), (row) => [
        row.group_id,
        { kind: row.member_kind, id: row.member_id },
      ])
      const known = await namesOf(db)
      return byName(await allGroups(db), ({ id, name, title, description }) => ({
        id: name,
        fields: { title, description, members: peopleOf(members.get(id) ?? [], known) },
      }))
    },
    references: ({ members }) => referencesOf(members, 'members'),
    plan({ name, before, wanted, changed }) {
      if (wanted === undefined) return only('delete', `groups:delete:${name}`, (tx) => deleteGroup(tx, name, consent))
      const { members, ...fields } = wanted
      const update = [`groups:update:${name}`]
      const { added, gone } = changeOf(peopleIn(before, 'members'), members)
      const links = [
        ...linkSteps(added, update, { accounts: 'give', groups: 'tie' }, (tx, who) => addMember(tx, name, who)),
        ...linkSteps(gone, update, { accounts: 'take', groups: 'untie' }, (tx, who) => removeMember(tx, name, who)),
      ]
      if (before !== undefined) {
        const own = changed.has('title') || changed.has('description')
        return {
          steps: [
            ...(own ? [stateStep('update', update, (tx) => changeGroup(tx, name, givenFields(fields)))] : []),
            ...links,
          ],
        }
      }
      const body = groupBody.safeParse({ name, ...fields })
      if (!body.success) return stateFaults(body.error)
      return { steps: [stateStep('create', ['groups:create'], (tx) => createGroup(tx, body.data)), ...links] }
    },
  })
}

function rolesState(vocabulary: () => Vocabulary, consent: Consent): AnyStateKind {
  const permission = z
    .string()
    .max(512)
    .refine((text) => vocabulary().has(text), 'not a permission of this Gatehouse; write type:action or type:action:id')
  const permissions = z.array(permission).max(256).transform(sortedTexts)
  return stateKind({
    kind: 'roles',
    after: ['accounts', 'groups'],
    name: slug,
    fields: rolePatch.extend({ permissions: permissions.optional(), holders: people.optional() }),
    async read({ db }) {
      const holders = grouped(await allHolders(db), (row) => [
        row.role_id,
        { kind: row.holder_kind, id: row.holder_id },
      ])
      const known = await namesOf(db)
      return byName(await allRoles(db), (row) => {
        const held = { holders: peopleOf(holders.get(row.id) ?? [], known) }
        const { title, description } = row
        // what a built-in role permits is this version's to say; who holds it is the operator's
        if (row.built_in === 1) return { id: row.name, fields: held, kept: 'comes with Gatehouse' }
        return {
          id: row.name,
          fields: { title, description, permissions: sortedTexts(permissionsOf(row)), rank: row.rank, ...held },
        }
      })
    },
    references: ({ holders }) => referencesOf(holders, 'holders'),
    plan({ name, before, wanted, changed }) {
      if (wanted === undefined) return only('delete', `roles:delete:${name}`, (tx) => deleteRole(tx, name, consent))
      const { holders, ...fields } = wanted
      const assign = [`roles:assign:${name}`]
      const { added, gone } = changeOf(peopleIn(before, 'holders'), holders)
      const links = [
        ...linkSteps(added, assign, { accounts: 'give', groups: 'give' }, (tx, who) => giveRole(tx, name, who)),
        ...linkSteps(gone, assign, { accounts: 'take', groups: 'take' }, (tx, who) => takeRole(tx, name, who)),
      ]
      if (before !== undefined) {
        const own = ['title', 'description', 'permissions', 'rank'].some((field) => changed.has(field))
        const change = () =>
          stateStep('update', [`roles:update:${name}`], (tx) => changeRole(tx, vocabulary(), name, givenFields(fields)))
        return { steps: [...(own ? [change()] : []), ...links] }
      }
      const body = roleBody.safeParse({ name, ...fields })
      if (!body.success) return stateFaults(body.error)
      return {
        steps: [stateStep('create', ['roles:create'], (tx) => createRole(tx, vocabulary(), body.data)), ...links],
      }
    },
  })
}

function peopleIn(item: StateItem | undefined, field: string): People | undefined {
  return item?.fields[field] as People | undefined
}

function only(stage: StateStep['stage'], permission: string, work: Parameters<typeof stateStep>[2]) {
  return { steps: [stateStep(stage, [permission], work)] }
}

function byName<Row extends { readonly name: string }>(
  rows: readonly Row[],
  itemOf: (row: Row) => StateItem,
): ReadonlyMap<string, StateItem> {
  return new Map(rows.map((row) => [row.name, itemOf(row)]))
}

function grouped<Row, Link>(
  rows: readonly Row[],
  of: (row: Row) => readonly [string, Link],
): ReadonlyMap<string, Link[]> {
  const groups = new Map<string, Link[]>()
  for (const row of rows) {
    const [id, link] = of(row)
    const links = groups.get(id)
    if (links === undefined) groups.set(id, [link])
    else links.push(link)
  }
  return groups
}
