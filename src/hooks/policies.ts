import type { Resource } from '#kit'
import type { PolicyContribution } from '#platform'
import type { Endpoint } from './endpoint.ts'

/** What policies see of a webhook: who it acts as. No policy of this room permits anything. */
export const policies: PolicyContribution = {
  schema: `namespace Hooks {
  @permission("webhooks")
  entity Webhook = { owner: String };
}
`,
  policies: '',
}

export function resourceOf({ name, owner, revision }: Endpoint): Resource {
  return { type: 'Hooks::Webhook', id: name, attributes: { owner: owner.principal.id }, revision }
}
