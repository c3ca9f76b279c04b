import type { FieldFault } from '#platform'
import { badge, emptyState, field, type Html, html, table, textArea, time } from '#platform/ui'
import type { FormValues } from '../admin/form.ts'
import type { UpstreamView } from '../contract.ts'

/** How each address of the app is, on the page of its route. */
export function upstreamsSection(upstreams: readonly UpstreamView[], now: number): Html {
  return html`<h2>Upstreams</h2>
<p>How this node finds the app, from the requests it sent there${upstreams.some(({ checked }) => checked !== null) ? ' and from health checks' : ''}.</p>
${table({
  caption: 'Upstreams',
  columns: [
    { title: 'Address', role: 'name', cell: (row) => html`<code>${row.upstream}</code>` },
    { title: 'State', cell: stateBadge },
    { title: 'Requests now', role: 'number', cell: (row) => row.inFlight },
    { title: 'WebSockets', role: 'number', cell: (row) => row.sockets },
    {
      title: 'Last fault',
      cell: (row) =>
        row.lastFault === null ? 'none' : html`<a href="/errors/${row.lastFault}"><code>${row.lastFault}</code></a>`,
    },
    { title: 'Last check', cell: (row) => checkWords(row, now) },
  ],
  rows: upstreams,
  empty: emptyState({
    title: 'Not known yet',
    text: 'The route has just been changed; its upstreams are known with the next request.',
  }),
})}`
}

const badges: Readonly<Record<UpstreamView['state'], () => Html>> = {
  up: () => badge('good', 'Up'),
  failing: () => badge('bad', 'Failing'),
  trying: () => badge('narrow', 'Tried again'),
  ejected: () => badge('bad', 'Set aside'),
  down: () => badge('bad', 'Fails its check'),
}

function stateBadge({ state, restsForMs }: UpstreamView): Html {
  const rest = state === 'ejected' ? ` for ${Math.ceil(restsForMs / 1_000)} s` : ''
  return html`${badges[state]()}${rest}`
}

function checkWords({ checked }: UpstreamView, now: number): Html | string {
  if (checked === null) return 'not asked'
  const found =
    checked.status === undefined ? html`<code>${checked.code ?? 'no answer'}</code>` : String(checked.status)
  return html`${found}, ${time(Date.parse(checked.at), now)}`
}

/** Where the app listens and how it is asked, in the form of a route. */
export function upstreamFields(values: FormValues, faults: readonly FieldFault[]): Html {
  return html`${textArea({
    name: 'upstreams',
    label: 'App',
    value: values['upstreams'],
    hint: 'Where the app listens: http://127.0.0.1:3000, unix:/run/app.sock, or folder:/srv/site for files. One a line; with several they share the work.',
    rows: 2,
    code: true,
    required: true,
    faults,
  })}${field({
    name: 'healthPath',
    label: 'Health check',
    value: values['healthPath'],
    hint: 'A path that is asked every ten seconds: /healthz. Empty: the app is judged by its answers alone.',
    autocomplete: 'off',
    code: true,
    faults,
  })}`
}

/** Whom an app reached over https must be. */
export function pinField(values: FormValues, faults: readonly FieldFault[]): Html {
  return textArea({
    name: 'ca',
    label: 'Only these authorities',
    value: values['ca'],
    hint: 'Certificates in PEM, for an app at an https:// address: it must show one of these, and what this machine trusts counts for nothing. Empty: what this machine trusts.',
    rows: 3,
    code: true,
    faults,
  })
}
