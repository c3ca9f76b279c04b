import type { PolicyContribution } from '#platform'

/** A route's rule as policy. A route guarded by a permission has no policy here: roles and grants permit it, or nobody. */
export const policies: PolicyContribution = {
  schema: `namespace Gateway {
  @permission("routes")
  entity Route = { host: String, path: String, rule: String };
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
`,
}
