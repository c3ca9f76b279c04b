import type { ShellPage } from '#platform'
import {
  badge,
  confirmation,
  dangerZone,
  emptyState,
  facts,
  type Html,
  hidden,
  html,
  link,
  notice,
  pageHeader,
  paging,
  table,
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import type { PolicyDifferenceRow, PolicyState, PolicyVersionRow } from '../../tables.ts'
import type { PolicyWithText } from '../policies-store.ts'
import type { CheckedText } from '../policy-check.ts'
import { diffLines } from '../text-diff.ts'
import { difference, listing } from './listing.ts'

export const section = '/policies'
export const above = { text: 'Policies', href: section }

/** The badge of a state. */
export function stateBadge(state: PolicyState): Html {
  if (state === 'enforced') return badge('good', 'In force')
  return state === 'shadow' ? badge('info', 'Shadow') : badge('off', 'Off')
}

export function pathOf(name: string): string {
  return `${section}/${encodeURIComponent(name)}`
}

export interface PolicyListView {
  readonly policies: readonly PolicyWithText[]
  readonly mayCreate: boolean
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** What the operator wrote, by name. */
export function policyListPage(view: PolicyListView): ShellPage {
  const create = view.mayCreate ? { text: 'Write a policy', href: `${section}/new` } : undefined
  const listed = view.policies.length > 0 || view.q !== undefined || view.further
  const body = html`${pageHeader({
    title: 'Policies',
    lead: 'Rules of your own, beside roles and grants: who is refused whatever they hold, and who is let in without.',
    action: create,
  })}
${listed && textFilter({ action: section, label: 'Name or title', value: view.q })}
${table({
  caption: 'Policies, sorted by name',
  columns: [
    { title: 'Policy', role: 'name', cell: (row) => link({ text: row.title, href: pathOf(row.name) }) },
    { title: 'Name', cell: (row) => html`<code>${row.name}</code>` },
    { title: 'State', cell: (row) => stateBadge(row.state) },
    { title: 'Version', role: 'number', cell: (row) => row.version },
    { title: 'Written', cell: (row) => html`${time(row.saved_at, view.now)} by ${row.author_name}` },
  ],
  rows: view.policies,
  empty: emptyState(
    view.q === undefined
      ? {
          title: 'No policies yet',
          text: 'Roles and grants decide alone. A policy can narrow them: only from the VPN, only in working hours, only the owner.',
          action: create,
          command: 'gatehouse policies templates',
        }
      : {
          title: 'No policy matches',
          text: 'None has this text in its name or title.',
          action: { text: 'Show all', href: section },
        },
  ),
})}
${(view.policies.length > 0 || view.further) && paging({ href: withQuery(section, { q: view.q }), next: view.next, further: view.further, shown: view.policies.length })}`
  return { title: 'Policies', body, section, frame: 'full' }
}

export interface PolicyView {
  readonly policy: PolicyWithText
  readonly checked: CheckedText
  readonly differences: readonly PolicyDifferenceRow[]
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
  readonly now: number
}

/** One policy: its state, its text, what it would change in shadow mode. */
export function policyPage({ policy, checked, differences, mayUpdate, mayDelete, now }: PolicyView): ShellPage {
  const { name, title, state } = policy
  const body = html`${pageHeader({
    title,
    trail: [above],
    state: stateBadge(state),
    action: mayUpdate ? { text: 'Change the policy', href: `${pathOf(name)}/edit` } : undefined,
  })}
${
  checked.faults.length > 0 &&
  notice(
    'refused',
    'It no longer fits',
    state === 'enforced'
      ? 'The words of policies have changed since it was saved. Until it is corrected or switched off it refuses everything.'
      : 'The words of policies have changed since it was saved. It is left out until it is corrected.',
  )
}
${facts([
  { term: 'Name', value: html`<code>${name}</code>` },
  { term: 'Means', value: meaningOf(state) },
  { term: 'Version', value: html`${policy.version}, ${time(policy.saved_at, now)} by ${policy.author_name}` },
  { term: 'Reason', value: policy.reason === '' ? 'None was given' : policy.reason },
])}
<p>${link({ text: 'Every version', href: `${pathOf(name)}/history` })}</p>
<h2>Text</h2>
${listing('The text of the policy', policy.text, [...checked.faults, ...checked.warnings])}
${
  checked.statements.length > 0 &&
  html`<p>In decisions its statements are named ${checked.statements.map(
    ({ id }, index) => html`${index > 0 && ', '}<code>${id}</code>`,
  )}</p>`
}
${state === 'shadow' && differenceTable(differences, now)}
${mayUpdate && html`<h2>State</h2>${switches(policy)}`}
${
  mayDelete &&
  dangerZone([
    {
      title: 'Delete this policy',
      text: 'It decides nothing any more. Its name stays taken.',
      href: `${pathOf(name)}/delete`,
      verb: 'Delete…',
    },
  ])
}`
  return { title, body, section, frame: 'full' }
}

function meaningOf(state: PolicyState): string {
  if (state === 'enforced') return 'It is part of every decision it can concern.'
  return state === 'shadow' ? 'It is evaluated beside and decides nothing.' : 'It is kept and decides nothing.'
}

function switches({ name, title, text, state, revision }: PolicyWithText): Html {
  const choices = [
    ['enforced', 'See what it changes, then bring it into force'],
    ['shadow', 'Only watch it'],
    ['off', 'Switch it off'],
  ] as const
  return html`<div class="form-actions">${choices
    .filter(([to]) => to !== state)
    .map(
      ([to, words]) =>
        html`<form class="inline" method="post" action="${pathOf(name)}/try">${Object.entries({
          title,
          text,
          state: to,
          reason: '',
          revision: String(revision),
        }).map(([key, value]) => hidden(key, value))}<button type="submit" class="plain">${words}</button></form>`,
    )}</div>`
}

function differenceTable(rows: readonly PolicyDifferenceRow[], now: number): Html {
  return html`<h2>What it would have changed</h2>${table({
    caption: 'Answers the policy would have changed, latest first',
    columns: [
      { title: 'Who', role: 'name', cell: (row) => row.principal_name },
      { title: 'Asked', cell: (row) => html`<code class="breaks">${row.permission}</code>` },
      {
        title: 'Would have been',
        cell: (row) => (row.would === 'refuse' ? badge('bad', 'Refused') : badge('good', 'Allowed')),
      },
      { title: 'Times', role: 'number', cell: (row) => row.count },
      { title: 'Last', cell: (row) => time(row.last_at, now) },
    ],
    rows,
    empty: emptyState({
      title: 'No difference yet',
      text: 'Every answer so far is the one it would have given. It is a few seconds behind.',
    }),
  })}`
}

export interface HistoryView {
  readonly policy: PolicyWithText
  readonly versions: readonly PolicyVersionRow[]
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** Every version, newest first. */
export function historyPage({ policy, versions, next, further, now }: HistoryView): ShellPage {
  const href = `${pathOf(policy.name)}/history`
  const body = html`${pageHeader({
    title: 'Versions',
    lead: 'Every text it ever had; none is ever changed.',
    trail: [above, { text: policy.title, href: pathOf(policy.name) }],
  })}
${table({
  caption: 'Versions, newest first',
  columns: [
    {
      title: 'Version',
      role: 'name',
      cell: ({ version }) => link({ text: `Version ${version}`, href: `${href}/${version}` }),
    },
    { title: 'In use', cell: ({ version }) => version === policy.version && badge('info', 'In use') },
    { title: 'Written', cell: ({ at }) => time(at, now) },
    { title: 'By', cell: (row) => row.author_name },
    { title: 'Reason', cell: ({ reason }) => reason },
  ],
  rows: versions,
  empty: emptyState({ title: 'No versions', text: 'There is always at least one.' }),
})}
${paging({ href, next, further, shown: versions.length })}`
  return { title: `Versions of ${policy.title}`, body, section, frame: 'full' }
}

export interface VersionView {
  readonly policy: PolicyWithText
  readonly version: PolicyVersionRow
  /** The version before, unless this is the first. */
  readonly former: PolicyVersionRow | undefined
  readonly mayUpdate: boolean
  readonly now: number
}

/** One version: its text, what it changed, and the way back to it. */
export function versionPage({ policy, version, former, mayUpdate, now }: VersionView): ShellPage {
  const path = pathOf(policy.name)
  const isInUse = version.version === policy.version
  const body = html`${pageHeader({
    title: `Version ${version.version}`,
    trail: [above, { text: policy.title, href: path }, { text: 'Versions', href: `${path}/history` }],
    ...(isInUse ? { state: badge('info', 'In use') } : {}),
  })}
${facts([
  { term: 'Written', value: html`${time(version.at, now)} by ${version.author_name}` },
  { term: 'Reason', value: version.reason === '' ? 'None was given' : version.reason },
])}
${
  former !== undefined &&
  html`<h2>Changed since version ${former.version}</h2>${difference('What this version changed', diffLines(former.text, version.text))}`
}
<h2>Text</h2>${listing('The text of this version', version.text)}
${
  !isInUse &&
  html`<h2>Against the version in use</h2>${difference('From the version in use to this one', diffLines(policy.text, version.text))}
${
  mayUpdate &&
  html`<form method="post" action="${path}/try">${Object.entries({
    title: policy.title,
    text: version.text,
    state: policy.state,
    reason: '',
    revision: String(policy.revision),
    version: String(version.version),
  }).map(([key, value]) => hidden(key, value))}<button type="submit">See what going back to it changes</button></form>`
}`
}`
  return { title: `Version ${version.version} of ${policy.title}`, body, section, frame: 'full' }
}

/** What deleting a policy will do. */
export function deletePolicyPage({ name, title, state }: PolicyWithText): ShellPage {
  const body = html`${pageHeader({ title: 'Delete a policy', trail: [above, { text: title, href: pathOf(name) }] })}
${confirmation({
  title: `Delete the policy ${title}`,
  consequences: [
    state === 'enforced'
      ? 'What it refuses is allowed at once to whoever holds it, and what it permits is refused.'
      : 'It decides nothing now, so no access changes.',
    `The name ${name} stays taken, and its versions are kept.`,
  ],
  undo: 'It cannot be brought back under this name.',
  action: `${pathOf(name)}/delete`,
  verb: `Delete ${title}`,
  reason: true,
  cancel: { text: 'Keep it', href: pathOf(name) },
})}`
  return { title: `Delete ${title}`, body, section, frame: 'full' }
}
