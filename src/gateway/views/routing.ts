import type { FieldFault } from '#platform'
import {
  badge,
  command,
  emptyState,
  facts,
  field,
  form,
  type Html,
  html,
  notice,
  pageHeader,
  table,
} from '#platform/ui'
import type { FindingView, RouteReportView, TrialView } from '../routing/contract.ts'

const trail = [{ text: 'Routes', href: '/routes' }]

const levelTones = { error: 'bad', warning: 'narrow', note: 'info' } as const

/** What is odd about the routes. */
export function routeCheckPage({ items, more }: RouteReportView): Html {
  return html`${pageHeader({
    title: 'Check the routes',
    trail,
    lead: 'Routes that never answer, that share paths with others, and public ones beside guarded ones.',
  })}${table({
    caption: 'Findings, the gravest first',
    columns: [
      { title: 'Route', role: 'name', cell: routeLink },
      { title: 'Grade', cell: ({ level }) => badge(levelTones[level], level) },
      { title: 'What', cell: ({ text }) => text },
    ],
    rows: items,
    empty: emptyState({
      title: 'Nothing to report',
      text: 'Every route can answer, and none opens what another guards.',
    }),
  })}${more > 0 && html`<p>And ${more} more.</p>`}${command('gatehouse routes check', 'The same in a terminal')}`
}

/** What is odd about one route, on its own page. */
export function findingNotices(found: readonly FindingView[], name: string): Html {
  return html`${found.map(({ level, route, text }) =>
    notice(level === 'note' ? 'info' : 'warning', route === name ? 'Beside other routes' : `Beside it: ${route}`, text),
  )}`
}

function routeLink({ route }: FindingView): Html {
  return html`<a href="/routes/${route}">${route}</a>`
}

export interface TrialValues {
  readonly method: string
  readonly url: string
  readonly as: string
  readonly from: string
}

/** A request, and what would become of it. */
export function routeTrialPage(options: {
  readonly values: TrialValues
  readonly faults: readonly FieldFault[]
  readonly trial?: TrialView
}): Html {
  const { values, faults, trial } = options
  return html`${pageHeader({
    title: 'Test a request',
    trail,
    lead: 'Which route would have it, by which rule, and what the decision would be. Nothing is sent.',
  })}${trial !== undefined && html`${trialText(trial)}<h2>Another request</h2>`}${questionForm(values, faults)}${
    trial !== undefined && command(commandOf(values), 'The same in a terminal')
  }`
}

function trialText(trial: TrialView): Html {
  const { route, others, rule, before, decision } = trial
  return html`${notice(trial.outcome === 'refused' ? 'refused' : trial.outcome === 'served' ? 'done' : 'info', verdictOf(trial), trial.text)}${
    route !== null &&
    facts([
      { term: 'Route', value: html`<a href="/routes/${route.name}">${route.name}</a> <code>${route.place}</code>` },
      { term: 'Why this one', value: route.because },
      ...rule.map(({ name, text }) => ({ term: name, value: text })),
      ...(before === null
        ? []
        : [{ term: 'Asked first', value: `${before.reason} ${before.allowed ? '' : before.way}` }]),
      ...(decision === null ? [] : [{ term: 'Decision', value: decisionText(trial, decision) }]),
      { term: 'App', value: html`<code>${route.upstreams.join(' ')}</code>` },
    ])
  }${others.length > 0 && othersTable(others)}`
}

function verdictOf({ outcome, status, code, who }: TrialView): string {
  const name = who.kind === 'anonymous' ? 'A stranger' : who.name
  switch (outcome) {
    case 'served':
      return `${name} reaches the app`
    case 'sign-in':
      return `${name} is asked to sign in`
    case 'own':
      return 'Gatehouse itself answers'
    case 'refused':
      return `${name} is refused with ${status ?? ''}${code === null ? '' : ` ${code}`}`
  }
}

function decisionText({ who }: TrialView, decision: NonNullable<TrialView['decision']>): Html {
  const { permission, allowed, step, reason, ways } = decision
  const why = who.kind === 'anonymous' ? '' : html` <a href="${whyOf(permission, who.id)}">Why?</a>`
  return html`${allowed ? 'allowed' : 'refused'} at the step ${step}: ${reason}${why}${
    !allowed && ways.length > 0 && html`<ul>${ways.map((way) => html`<li>${way}</li>`)}</ul>`
  }`
}

function whyOf(permission: string, principal: string): string {
  return `/why?${new URLSearchParams({ permission, principal })}`
}

function othersTable(others: TrialView['others']): Html {
  return html`<h2>Routes that cover it too</h2>${table({
    caption: 'Routes that cover the path and do not answer',
    columns: [
      { title: 'Route', role: 'name', cell: ({ name }) => html`<a href="/routes/${name}">${name}</a>` },
      { title: 'Place', cell: ({ place }) => html`<code>${place}</code>` },
      { title: 'Because', cell: ({ because }) => because },
    ],
    rows: others,
    empty: html``,
  })}`
}

function questionForm(values: TrialValues, faults: readonly FieldFault[]): Html {
  return form({
    action: '/routes/test',
    method: 'get',
    submit: 'Test it',
    faults,
    body: html`${field({ name: 'method', label: 'Method', value: values.method, autocomplete: 'off', code: true, faults })}${field(
      {
        name: 'url',
        label: 'Address',
        value: values.url,
        hint: 'As a client would ask for it: https://blog.example.org/page. Its path is judged as it is written.',
        autocomplete: 'off',
        code: true,
        required: true,
        faults,
      },
    )}${field({
      name: 'as',
      label: 'As',
      value: values.as,
      hint: 'Handle of an account. Empty: a stranger.',
      autocomplete: 'off',
      faults,
    })}${field({
      name: 'from',
      label: 'From',
      value: values.from,
      hint: 'An address such as 192.0.2.7. Empty: from where you are.',
      autocomplete: 'off',
      code: true,
      faults,
    })}`,
  })
}

function commandOf({ method, url, as, from }: TrialValues): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const more = [...(as === '' ? [] : [`--as ${quoted(as)}`]), ...(from === '' ? [] : [`--from ${quoted(from)}`])]
  return ['gatehouse routes test', quoted(method), quoted(url), ...more].join(' ')
}
