import type { FieldFault } from '#platform'
import {
  actionForm,
  badge,
  checkboxes,
  command,
  confirmation,
  dangerZone,
  emptyState,
  facts,
  field,
  form,
  type Html,
  hidden,
  html,
  notice,
  pageHeader,
  paging,
  radios,
  table,
  textArea,
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import type { FormValues } from '../admin/form.ts'
import type { FindingView, ProbeView, UpstreamView } from '../contract.ts'
import { placeText } from '../routing/place.ts'
import { type GatewayRoute, isOpenable, permissionOf } from '../routing/table.ts'
import { routeTabs } from './route-tabs.ts'
import { findingNotices } from './routing.ts'
import { pinField, upstreamFields, upstreamsSection } from './upstreams.ts'

const trail = [{ text: 'Routes', href: '/routes' }]

/** Every route, by name. */
export function routesPage(options: {
  readonly routes: readonly GatewayRoute[]
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
  readonly urlOf: (route: GatewayRoute) => string
}): Html {
  const { routes, q, next, further, now, urlOf } = options
  return html`${pageHeader({
    title: 'Routes',
    lead: 'Hosts and paths people reach through Gatehouse, the apps behind them, and who may use them.',
    action: routes.length === 0 && q === undefined ? undefined : { text: 'Add a route', href: '/routes/new' },
  })}${(routes.length > 0 || q !== undefined) && textFilter({ action: '/routes', label: 'Name, host or app', value: q })}${table(
    {
      caption: 'Routes by name',
      columns: [
        { title: 'Name', role: 'name', cell: (row) => html`<a href="/routes/${row.name}">${row.name}</a>` },
        { title: 'Address', cell: (row) => addressOf(row, urlOf(row), row.host + row.path) },
        { title: 'App', cell: (row) => html`<code>${row.upstreams.join(' ')}</code>` },
        { title: 'Who may use it', cell: ruleBadge },
        { title: 'Changed', cell: (row) => time(row.updatedAt, now) },
      ],
      rows: routes,
      empty:
        q === undefined
          ? emptyState({
              title: 'No routes yet',
              text: 'A route puts an app you already run behind sign-in: people reach it under a name of its own, and only those you let.',
              action: { text: 'Add a route', href: '/routes/new' },
              command: 'gatehouse routes create blog --host blog.localhost --upstream http://127.0.0.1:3000',
            })
          : emptyState({
              title: 'No route matches',
              text: 'None has this text in its name, host or app.',
              action: { text: 'Show all', href: '/routes' },
            }),
    },
  )}${(next !== undefined || further) && paging({ href: withQuery('/routes', { q }), next, further, shown: routes.length })}${routes.length > 0 && html`<p><a href="/routes/check">Check them all</a> · <a href="/routes/test">Test a request</a></p>`}`
}

/** One route: what is known, a test, and what can be done about it. */
export function routePage(options: {
  readonly route: GatewayRoute
  readonly url: string
  readonly now: number
  readonly upstreams: readonly UpstreamView[]
  readonly tested?: ProbeView
  readonly warnings?: readonly FindingView[]
}): Html {
  const { route, url, now, upstreams, tested, warnings = [] } = options
  const { access, timeouts } = route
  return html`${pageHeader({
    title: route.name,
    trail,
    state: ruleBadge(route),
    lead: html`People reach this app at ${addressOf(route, url, url)}.`,
    action: { text: 'Change', href: `/routes/${route.name}/edit` },
  })}${routeTabs(route.name, '')}${route.mode === 'shadow' && shadowNotice(route)}${tested === undefined ? undefined : testNotice(tested)}${findingNotices(
    // said above already
    warnings.filter(({ kind }) => kind !== 'not-enforced'),
    route.name,
  )}${facts([
    { term: 'Place', value: html`<code>${placeText(route)}</code>` },
    { term: 'App', value: html`<code>${route.upstreams.join(' ')}</code>` },
    { term: 'Who may use it', value: ruleText(route) },
    ...ruleFacts(route),
    ...(access.kind === 'public' ? [{ term: 'Why nobody is asked', value: access.reason }] : []),
    { term: 'From', value: placesText(route) },
    ...requestFacts(route),
    ...(route.presentCertificate
      ? [{ term: 'Towards the app', value: "Gatehouse's own client certificate is shown" }]
      : []),
    {
      term: 'Patience',
      value: `${seconds(timeouts.connectMs)} to connect, ${seconds(timeouts.headersMs)} to begin an answer, ${seconds(timeouts.bodyMs)} between two pieces, ${seconds(timeouts.socketIdleMs)} of silence on a WebSocket`,
    },
    { term: 'Created', value: time(route.createdAt, now) },
    { term: 'Changed', value: time(route.updatedAt, now) },
  ])}
<p>${actionForm({ action: `/routes/${route.name}/test`, submit: 'Test the app', label: `Test the app at ${route.upstreams.join(' ')}` })}</p>
${upstreamsSection(upstreams, now)}
${
  access.kind === 'permission'
    ? command(
        `gatehouse roles create ${route.name}-users --permission '${access.permission}'`,
        'Make a role for it, then give it to people',
      )
    : undefined
}${dangerZone([
  {
    title: 'Remove this route',
    text: 'The app keeps running, but nobody reaches it through Gatehouse any more.',
    href: `/routes/${route.name}/delete`,
    verb: 'Remove…',
  },
])}`
}

/** The form, for a new route or one that exists. */
export function routeFormPage(options: {
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
  /** Absent for a new route. */
  readonly name?: string
}): Html {
  const { values, faults, name } = options
  const isNew = name === undefined
  return html`${pageHeader({
    title: isNew ? 'Add a route' : `Change ${name}`,
    trail: isNew ? trail : [...trail, { text: name, href: `/routes/${name}` }],
    lead: isNew
      ? 'Put an app you already run behind the gate.'
      : 'The change takes effect with the next request; requests on their way finish as they began.',
  })}${form({
    action: isNew ? '/routes' : `/routes/${name}`,
    submit: isNew ? 'Add the route' : 'Save the change',
    faults,
    cancel: { text: 'Cancel', href: isNew ? '/routes' : `/routes/${name}` },
    body: html`${isNew ? nameField(values, faults) : hidden('revision', values['revision'] ?? '')}${placeFields(values, faults)}${ruleFields(values, faults)}`,
  })}`
}

function nameField(values: FormValues, faults: readonly FieldFault[]): Html {
  return field({
    name: 'name',
    label: 'Name',
    value: values['name'],
    hint: 'Short and for ever: permissions and the journal use it. Lower-case letters, digits, hyphens.',
    autocomplete: 'off',
    code: true,
    required: true,
    maxLength: 63,
    faults,
  })
}

function placeFields(values: FormValues, faults: readonly FieldFault[]): Html {
  return html`${field({
    name: 'host',
    label: 'Host',
    value: values['host'],
    hint: 'The name people type: blog.example.org, or anything.localhost on this machine.',
    autocomplete: 'off',
    code: true,
    required: true,
    faults,
  })}${field({
    name: 'path',
    label: 'Path',
    value: values['path'] ?? '/',
    hint: 'This path and everything under it. A segment * stands for exactly one. The most specific path wins.',
    autocomplete: 'off',
    code: true,
    required: true,
    faults,
  })}${checkboxes({
    name: 'exact',
    label: 'How much of it',
    values: values['exact'] === 'on' ? ['on'] : [],
    faults,
    choices: [{ value: 'on', text: 'Only this very path, nothing under it' }],
  })}${field({
    name: 'methods',
    label: 'Methods',
    value: values['methods'],
    hint: 'GET PUT. Empty: all. Another method is refused, never given to another route.',
    autocomplete: 'off',
    code: true,
    faults,
  })}${field({
    name: 'priority',
    label: 'Priority',
    value: values['priority'] ?? '0',
    hint: 'Where several routes cover a path the highest wins, then the most specific. 0 unless there is a reason.',
    autocomplete: 'off',
    faults,
  })}${upstreamFields(values, faults)}`
}

function ruleFields(values: FormValues, faults: readonly FieldFault[]): Html {
  return html`${radios({
    name: 'rule',
    label: 'Who may use it',
    value: values['rule'] ?? 'permission',
    required: true,
    faults,
    choices: [
      {
        value: 'permission',
        text: 'Who holds a permission',
        hint: 'People whose role or grant covers routes:use:<name>, and nobody else.',
      },
      { value: 'signed-in', text: 'Everybody who signed in', hint: 'Every active account of this Gatehouse.' },
      {
        value: 'policy',
        text: 'Whom your own policies permit',
        hint: 'One of the policies named below must permit it. A permission held is not enough.',
      },
      { value: 'public', text: 'Everybody', hint: 'Without signing in. Say below why.' },
    ],
  })}${field({
    name: 'permission',
    label: 'Permission',
    value: values['permission'],
    hint: 'Left empty: routes:use:<name>. Several routes may share one.',
    autocomplete: 'off',
    code: true,
    faults,
  })}${textArea({
    name: 'policies',
    label: 'Policies',
    value: values['policies'],
    hint: 'For the rule by policies: their names, one a line.',
    rows: 2,
    code: true,
    faults,
  })}${field({
    name: 'reason',
    label: 'Why nobody is asked',
    value: values['reason'],
    hint: 'For public routes only: stands in the journal and on the route.',
    autocomplete: 'off',
    maxLength: 200,
    faults,
  })}${textArea({
    name: 'networks',
    label: 'Only from these networks',
    value: values['networks'],
    hint: 'One a line: 10.0.0.0/8 or @office. Empty: from everywhere.',
    rows: 3,
    code: true,
    faults,
  })}${checkboxes({
    name: 'presentCertificate',
    label: 'Certificate towards the app',
    values: values['presentCertificate'] === 'on' ? ['on'] : [],
    faults,
    choices: [
      {
        value: 'on',
        text: "Show the app Gatehouse's own client certificate",
        hint: 'For apps that answer nobody else (mutual TLS), at an https:// address. It renews itself.',
      },
    ],
  })}${pinField(values, faults)}`
}

/** What removing a route does, before it is done. */
export function removeRoutePage(route: GatewayRoute, url: string): Html {
  return html`${pageHeader({ title: `Remove ${route.name}`, trail: [...trail, { text: route.name, href: `/routes/${route.name}` }] })}${confirmation(
    {
      title: `Remove the route ${route.name}`,
      consequences: [
        html`<code>${url}</code> answers nothing from the next request on; requests on their way finish.`,
        html`The app at <code>${route.upstreams.join(' ')}</code> keeps running and keeps its data.`,
        html`The name <code>${route.name}</code> is never used again; roles may keep <code>${permissionOf(route)}</code> without effect.`,
      ],
      undo: 'It can be put back as a new route with another name.',
      action: `/routes/${route.name}/delete`,
      verb: `Remove ${route.name}`,
      values: { revision: String(route.revision) },
      cancel: { text: 'Keep it', href: `/routes/${route.name}` },
    },
  )}`
}

function testNotice(tested: ProbeView): Html {
  if (tested.reachable) {
    return notice('done', `The app answered ${tested.status ?? ''} in ${tested.ms} ms`)
  }
  const silent = tested.each.filter(({ reachable }) => !reachable)
  const where = tested.each.length === 1 ? '' : ` at ${silent.map(({ upstream }) => upstream).join(', ')}`
  return notice('refused', `The app did not answer${where}`, html`${tested.detail} <code>${tested.code}</code>`)
}

function ruleBadge(route: GatewayRoute): Html {
  if (route.mode === 'shadow') return badge('narrow', 'Not enforced')
  if (route.access.kind === 'public') return badge('narrow', 'Public')
  if (route.access.kind === 'signed-in') return badge('info', 'Signed in')
  return badge('good', route.access.kind === 'policy' ? 'Policy' : 'Permission')
}

function ruleText(route: GatewayRoute): Html {
  if (route.access.kind === 'public') return html`everybody, without signing in`
  if (route.access.kind === 'signed-in') return html`everybody who signed in`
  if (route.access.kind === 'policy')
    return html`whom a policy of yours permits: <code>${route.access.policies.join(', ')}</code>`
  return html`who holds <code>${route.access.permission}</code>`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

/** Loud: nobody may take a rule that lets everybody through for one that holds. */
function shadowNotice({ name }: GatewayRoute): Html {
  return notice(
    'warning',
    'The rule of this route is not enforced',
    html`It is in shadow mode: everybody reaches the app, and what the rule would refuse stands in <a href="/journal?what=routes%3Ause">the journal</a> as done, with the reason. <a href="/routes/${name}/rule">Enforce it</a> when it is right.`,
  )
}

/** What of a rule is not as by default. */
function ruleFacts({ authenticators, assurance, onRefusal }: GatewayRoute) {
  const asked = [
    ...(assurance.factors === 2 ? ['two factors'] : []),
    ...(assurance.phishingResistant ? ['one that cannot be phished'] : []),
  ]
  return [
    { term: 'Credentials', value: html`<code>${authenticators.join(', ')}</code>` },
    ...(asked.length === 0 ? [] : [{ term: 'Proven by', value: asked.join(', ') }]),
    ...(onRefusal === 'api' ? [{ term: 'Who is refused', value: 'gets problem+json, browsers too' }] : []),
  ]
}

function placesText({ networks, regions }: GatewayRoute): Html {
  if (networks.length + regions.length === 0) return html`everywhere`
  return html`${regions.length > 0 && html`the countries <code>${regions.join(', ')}</code>`}${regions.length > 0 && networks.length > 0 && ', and there '}${networks.length > 0 && html`<code>${networks.join(', ')}</code>`}`
}

/** What the app is told. */
function requestFacts({ request }: GatewayRoute) {
  const { identityHeaders, assertion, setHeaders, removeHeaders, rewritePrefix } = request
  const told = [...Object.keys(identityHeaders), ...(assertion ? ['X-Gatehouse-Assertion'] : [])]
  const others = [
    ...Object.keys(setHeaders).map((name) => `sets ${name}`),
    ...removeHeaders.map((name) => `keeps back ${name}`),
  ]
  return [
    { term: 'The app is told', value: told.length === 0 ? 'not who came' : html`<code>${told.join(', ')}</code>` },
    ...(others.length === 0 ? [] : [{ term: 'Other headers', value: others.join(', ') }]),
    ...(rewritePrefix === ''
      ? []
      : [{ term: 'Path for the app', value: html`<code>${rewritePrefix}</code> in place of the route's` }]),
  ]
}

/** A link where a browser can open it. */
function addressOf(route: GatewayRoute, url: string, text: string): Html {
  return isOpenable(route) ? html`<a href="${url}">${text}</a>` : html`<code>${text}</code>`
}
