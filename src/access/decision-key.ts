import type { Actor, ActorCredential, Resource } from '#kit'

/**
 * One text for everything that can alter a decision besides time and stored facts. Each part carries its length, so no
 * two different questions share a text, whatever characters their parts hold.
 */
export function decisionKey(actor: Actor, permission: string | undefined, resource: Resource | undefined): string {
  return actorPart(actor) + part(permission) + (resource === undefined ? '-' : resourcePart(resource))
}

/** An actor is a value that lives as long as a session's place in memory: its text is made once. */
const actorParts = new WeakMap<Actor, string>()

function actorPart(actor: Actor): string {
  const known = actorParts.get(actor)
  if (known !== undefined) return known
  const made =
    part(actor.principal.kind) +
    part(actor.principal.id) +
    part(actor.address) +
    credentialPart(actor) +
    (actor.app === undefined ? '-' : part(actor.app.id) + list(actor.app.permissions)) +
    part(actor.grant?.id)
  actorParts.set(actor, made)
  return made
}

/** Attributes and relations too: rooms may ask about two things under one id, as routes that share a permission do. */
const resourceParts = new WeakMap<Resource, string>()

function resourcePart(resource: Resource): string {
  const known = resourceParts.get(resource)
  if (known !== undefined) return known
  const { type, id, revision, attributes, owner, parents, members, permittedBy } = resource
  const facts = JSON.stringify([attributes, owner ?? null, parents ?? null, members ?? null, permittedBy ?? null])
  const made = `${part(type)}${part(id)}${revision};${part(facts)}`
  resourceParts.set(resource, made)
  return made
}

function credentialPart({ credential, factors = [], assurance }: Actor): string {
  if (credential === undefined) return '-'
  const sure = assurance === undefined ? '-' : `${assurance.factors}${assurance.phishingResistant ? 'p' : 'n'}`
  return `${oneCredential(credential)}${factors.length}{${factors.map(oneCredential).join('')}${sure};`
}

function oneCredential({ id, kind, permissions, networks, regions, expiresAt }: ActorCredential): string {
  return `${part(id)}${part(kind)}${list(permissions)}${list(networks.allow)}${list(networks.deny)}${list(regions)}${expiresAt ?? '-'};`
}

function list(texts: readonly string[]): string {
  let joined = `${texts.length}[`
  for (const text of texts) joined += part(text)
  return joined
}

function part(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`
}
