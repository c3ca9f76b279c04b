import type { PolicyContribution } from '#platform'

/** Policies that ask how surely somebody was proven. Refused by these alone, one can go and prove more. */
export const assurancePolicies = {
  factors: 'gateway:factors',
  phishingResistant: 'gateway:phishing-resistant',
} as const

/**
 * A route's rule as policy. A route guarded by a permission has none that permits: roles and grants do, or nobody; neither
 * has one guarded by policies, whose names are in `Resource.permittedBy`. `factors` and `phishingResistant` are there only
 * where the route asks for more than one factor of any kind.
 */
export const policies: PolicyContribution = {
  schema: `namespace Gateway {
  @permission("routes")
  entity Route = { host: String, path: String, rule: String, factors?: Long, phishingResistant?: Bool };
}`,
  policies: `
@id("gateway:public")
permit (
  principal,
  action == Gatehouse::Action::"routes:use",
  resource is Gateway::Route
)
when { resource.rule == "public" };

@id("gateway:signed-in")
permit (
  principal is Gatehouse::Account,
  action == Gatehouse::Action::"routes:use",
  resource is Gateway::Route
)
when { resource.rule == "signed-in" };

@id("${assurancePolicies.factors}")
forbid (
  principal,
  action == Gatehouse::Action::"routes:use",
  resource is Gateway::Route
)
when { resource has factors && context.assurance < resource.factors };

@id("${assurancePolicies.phishingResistant}")
forbid (
  principal,
  action == Gatehouse::Action::"routes:use",
  resource is Gateway::Route
)
when { resource has phishingResistant && resource.phishingResistant && !context.phishingResistant };
`,
}
