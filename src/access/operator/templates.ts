import type { PermissionType } from '#platform'

/** A policy to begin with. */
export interface PolicyTemplate {
  readonly name: string
  readonly title: string
  readonly description: string
  /** What to put in place of the example's own words. */
  readonly change: readonly string[]
  readonly text: string
}

/** The common ones, in the words of this installation. */
export function policyTemplates(types: ReadonlyMap<string, PermissionType>): readonly PolicyTemplate[] {
  return [vpnOnly, workingHours, twoFactors, sureAdministrators, ownerOnly, readOnlyAuditors(types)]
}

const vpnOnly: PolicyTemplate = {
  name: 'only-from-the-vpn',
  title: 'Only from the VPN',
  description: 'Whoever is not in a named network is refused, whatever roles they hold.',
  change: ['"vpn": the named network', 'the actions it is about'],
  text: `// Refuses whoever does not come from the named network.
@id("outside-the-vpn")
forbid (
  principal,
  action in [
    Gatehouse::Action::"accounts:create",
    Gatehouse::Action::"accounts:update",
    Gatehouse::Action::"accounts:delete",
    Gatehouse::Action::"roles:assign"
  ],
  resource
)
unless { context.networks.contains("vpn") };
`,
}

const workingHours: PolicyTemplate = {
  name: 'only-in-working-hours',
  title: 'Only in working hours',
  description: 'Refuses at night and on weekends, in the time zone of the configuration ([access] time-zone).',
  change: ['the group and the actions it is about', 'weekdays (1 is Monday, 7 Sunday) and hours'],
  text: `// Monday to Friday, from 8:00 to 17:59.
@id("outside-working-hours")
forbid (
  principal in Gatehouse::Group::"contractors",
  action == Gatehouse::Action::"routes:use",
  resource
)
unless {
  context.time.weekday <= 5 &&
  context.time.hour >= 8 &&
  context.time.hour < 18
};
`,
}

const twoFactors: PolicyTemplate = {
  name: 'two-factors',
  title: 'Two factors for this',
  description:
    'Refuses whoever proved fewer than two factors. About sessions:open it is asked at sign-in: who has only one then proves or makes a second there.',
  change: ['the actions it is about'],
  text: `// Refuses whoever proved only one factor.
@id("one-factor")
forbid (
  principal is Gatehouse::Account,
  action in [Gatehouse::Action::"accounts:delete", Gatehouse::Action::"roles:assign"],
  resource
)
unless { context.assurance >= 2 };
`,
}

const sureAdministrators: PolicyTemplate = {
  name: 'administrators-prove-more',
  title: 'Administrators prove more',
  description:
    'Administrators sign in with two factors, one of which works for this Gatehouse alone: a passkey or a client certificate. Who has none yet makes a passkey at the next sign-in. Sessions that are open go on; end them to make it hold at once.',
  change: ['"role:administrator": the role', 'context.phishingResistant: leave it out where any second factor will do'],
  text: `// Asked when somebody signs in; what is missing is asked for there.
@id("administrators-prove-more")
forbid (
  principal is Gatehouse::Account,
  action == Gatehouse::Action::"sessions:open",
  resource
)
when { context.via.contains("role:administrator") }
unless { context.assurance >= 2 && context.phishingResistant };
`,
}

const ownerOnly: PolicyTemplate = {
  name: 'owner-only',
  title: 'Owner only',
  description: 'Refuses everybody but the owner of a thing. Things without an owner are not concerned.',
  change: ['the actions it is about'],
  text: `// Refuses everybody but the owner.
@id("not-the-owner")
forbid (
  principal,
  action in [Gatehouse::Action::"tokens:revoke", Gatehouse::Action::"sessions:end"],
  resource
)
when { resource has owner && resource.owner != principal.id };
`,
}

function readOnlyAuditors(types: ReadonlyMap<string, PermissionType>): PolicyTemplate {
  const reading = [...types.values()].filter(({ actions }) => Object.hasOwn(actions, 'read'))
  const actions = reading.map(({ type }) => `    Gatehouse::Action::"${type}:read"`).toSorted()
  return {
    name: 'read-only-auditors',
    title: 'Read-only for auditors',
    description: 'Members of a group may read and nothing else, whatever other roles they hold.',
    change: ['"auditors": the group'],
    text: `// Refuses members of the group everything but reading.
@id("auditors-only-read")
forbid (
  principal in Gatehouse::Group::"auditors",
  action,
  resource
)
unless {
  action in [
${actions.join(',\n')}
  ]
};
`,
  }
}
