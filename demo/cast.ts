/** The sample world: people, groups, roles, networks and routes of a small workshop. Handles are what they sign in with. */

export interface Person {
  readonly handle: string
  readonly name: string
  readonly email?: string
  /** What to try as this person. */
  readonly part: string
}

export const administrator: Person = {
  handle: 'ada',
  name: 'Ada Lovelace',
  part: 'administrator: may do everything, sees every page',
}

export const people: readonly Person[] = [
  {
    handle: 'grace',
    name: 'Grace Hopper',
    email: 'grace@example.org',
    part: 'runs the routes; lent Tom the wiki, may lend it to Lin',
  },
  { handle: 'sam', name: 'Sam Okafor', email: 'sam@example.org', part: 'engineer, and so staff: into wiki and board' },
  { handle: 'tom', name: 'Tom Weaver', part: 'technician: into the wiki for one hour, by a grant' },
  { handle: 'kim', name: 'Kim Larsen', part: 'auditor: reads the journal, changes nothing' },
  { handle: 'lin', name: 'Lin Chen', part: 'guest: into the board, refused at the wiki, asked for it' },
  { handle: 'max', name: 'Max Mole', part: 'left the workshop: the account is disabled' },
]

export const groups = [
  { name: 'staff', title: 'Staff', description: 'Everybody who works here', members: ['grace'], within: undefined },
  { name: 'engineering', title: 'Engineering', description: 'A part of staff', members: ['sam'], within: 'staff' },
] as const

export const roles = [
  {
    name: 'wiki-readers',
    title: 'Wiki readers',
    description: 'Read the wiki',
    permissions: ['routes:use:wiki'],
    holders: [{ kind: 'group', id: 'staff' }],
  },
  {
    name: 'payroll-clerks',
    title: 'Payroll clerks',
    description: 'Use payroll, which answers only on the VPN',
    permissions: ['routes:use:payroll'],
    holders: [{ kind: 'group', id: 'staff' }],
  },
  {
    name: 'route-keepers',
    title: 'Route keepers',
    description: 'Publish apps, and let others in for a while',
    permissions: ['routes:*', 'grants:*'],
    holders: [{ kind: 'person', id: 'grace' }],
  },
] as const

export const auditors = ['kim'] as const
export const disabled = ['max'] as const

export const networks = [
  { name: 'vpn', title: 'VPN', cidrs: ['10.8.0.0/24', 'fd00:8::/64'] },
  { name: 'workshop', title: 'Workshop', cidrs: ['192.0.2.0/24', '127.0.0.0/8'] },
] as const

export const routes = [
  { name: 'wiki', who: 'whoever has the role wiki-readers, or a grant', access: undefined, networks: [] },
  { name: 'board', who: 'everybody who is signed in', access: { kind: 'signed-in' }, networks: [] },
  {
    name: 'hello',
    who: 'everybody, without being asked',
    access: { kind: 'public', reason: 'The page for visitors' },
    networks: [],
  },
  { name: 'payroll', who: 'nobody from here: only on the VPN', access: undefined, networks: ['@vpn'] },
] as const

/** What Grace lends Tom, and for how long. */
export const loan = { grantor: 'grace', grantee: 'tom', permissions: ['routes:use:wiki'], minutes: 60 } as const

/** What Lin asks for, to be granted by whoever holds it. */
export const wish = {
  handle: 'lin',
  permission: 'routes:use:wiki',
  reason: 'To read how the kiln is fired before Saturday',
  durationSeconds: 3_600,
} as const

export const policies = [
  {
    name: 'changes-in-the-workshop',
    title: 'Routes are changed in the workshop',
    state: 'enforced',
    reason: 'A laptop left in a train must not republish anything',
    text: `// Who publishes apps does so from the workshop's own network.
@id("outside-the-workshop")
forbid (
  principal,
  action in [
    Gatehouse::Action::"routes:create",
    Gatehouse::Action::"routes:update",
    Gatehouse::Action::"routes:delete"
  ],
  resource
)
unless { context.networks.contains("workshop") };
`,
  },
  {
    name: 'evenings-off',
    title: 'Evenings off',
    state: 'shadow',
    reason: 'To see first whom it would stop',
    text: `// Tried in shadow: it decides nothing yet, and counts whom it would have refused.
@id("after-hours")
forbid (
  principal in Gatehouse::Group::"staff",
  action == Gatehouse::Action::"routes:use",
  resource
)
unless {
  context.time.weekday <= 5 &&
  context.time.hour >= 8 &&
  context.time.hour < 18
};
`,
  },
] as const
