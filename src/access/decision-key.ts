import type { Actor, Resource } from '#kit'

/**
 * One text for everything that can alter a decision besides time and stored facts. Each part carries its length, so no
 * two different questions share a text, whatever characters their parts hold.
 */
export function decisionKey(actor: Actor, permission: string | undefined, resource: Resource | undefined): string {
  return (
    part(actor.principal.kind) +
    part(actor.principal.id) +
    part(permission) +
    part(actor.address) +
    credentialPart(actor) +
    (actor.app === undefined ? '-' : part(actor.app.id) + list(actor.app.permissions)) +
    part(actor.grant?.id) +
    (resource === undefined ? '-' : `${part(resource.type)}${part(resource.id)}${resource.revision};`)
  )
}

function credentialPart({ credential }: Actor): string {
  if (credential === undefined) return '-'
  const { id, kind, permissions, networks, regions, expiresAt } = credential
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
