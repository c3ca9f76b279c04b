import type { PolicyContribution } from '#platform'

/** The room's own policies. What they mean stands in the README. */
export const policies: PolicyContribution = {
  schema: `
    namespace Access {
      @permission("grants")
      entity Grant;
      @permission("groups")
      entity Group;
      @permission("roles")
      entity Role = { builtIn: Bool };
      @permission("networks")
      entity Network;
    }
  `,
  policies: `
    @id("access:held")
    permit (principal, action, resource)
    when { !context.via.isEmpty() };

    @id("access:local")
    permit (principal is Gatehouse::Local, action, resource);

    @id("access:system")
    permit (principal is Gatehouse::System, action, resource);

    @id("access:own-grants")
    permit (
      principal,
      action in [Gatehouse::Action::"grants:read", Gatehouse::Action::"grants:revoke"],
      resource is Access::Grant
    )
    when { resource has owner && resource.owner == principal.id };

    @id("access:received-grants")
    permit (
      principal,
      action in [Gatehouse::Action::"grants:read", Gatehouse::Action::"grants:revoke"],
      resource is Access::Grant
    )
    when { resource has members && resource.members.contains(principal.id) };
  `,
}
