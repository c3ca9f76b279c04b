import type { FieldFault } from '#platform'
import {
  checkboxes,
  command,
  facts,
  field,
  form,
  type Html,
  hidden,
  html,
  pageHeader,
  radios,
  textArea,
} from '#platform/ui'
import type { FormValues } from '../admin/form.ts'
import { presetOf } from '../defence/response-rules.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { routeTabs } from './route-tabs.ts'

/** What a route's answers gain and how much it takes: what stands, and the form that changes it. */
export function defencePage(options: {
  readonly route: GatewayRoute
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
}): Html {
  const { route, values, faults } = options
  const { name } = route
  return html`${pageHeader({
    title: `Answers and limits of ${name}`,
    trail: [
      { text: 'Routes', href: '/routes' },
      { text: name, href: `/routes/${name}` },
    ],
    lead: "What browsers are told beside the app's own words, and how large and how often requests may be.",
  })}${routeTabs(name, '/defence')}${facts([
    { term: 'Safe headers', value: presetWords(route) },
    { term: 'Other origins', value: corsWords(route) },
    { term: 'Rate', value: rateWords(route) },
  ])}${form({
    action: `/routes/${name}/defence`,
    submit: 'Save answers and limits',
    faults,
    cancel: { text: 'Cancel', href: `/routes/${name}` },
    body: html`${hidden('revision', values['revision'] ?? '')}<h2>Answers</h2>${presetFields(values, faults)}<h2>Pages of other origins</h2>${corsFields(values, faults)}<h2>Limits</h2>${limitFields(values, faults)}`,
  })}${command(`gatehouse routes update ${name} --preset strict --rate 600/1m`, 'The same in a terminal')}`
}

function presetWords(route: GatewayRoute): string {
  const preset = presetOf(route)
  const words =
    preset === 'strict' ? 'strict: own origin only, nothing inline' : 'compatible: what apps do not break on'
  return route.response.preset === 'auto' ? `${words} (chosen by the kind of app)` : words
}

function corsWords({ response: { cors } }: GatewayRoute): Html {
  if (cors === null) return html`what the app says`
  const who = cors.origins.includes('*') ? 'every page of the web' : cors.origins.join(', ')
  return html`<code>${who}</code>${cors.credentials ? ', with the cookies of who looks at them' : ''}`
}

function rateWords({ limits: { rate } }: GatewayRoute): string {
  if (rate === null) return 'as often as anybody likes'
  const at = rate.burst === null ? '' : `, ${rate.burst} at once`
  const whose = rate.by === 'principal' ? 'for each person, strangers by address' : 'for each address'
  return `${rate.requests} in ${rate.perSeconds} s${at}, ${whose}`
}

function presetFields(values: FormValues, faults: readonly FieldFault[]): Html {
  return html`${radios({
    name: 'preset',
    label: 'Safe headers',
    value: values['preset'] ?? 'auto',
    required: true,
    faults,
    choices: [
      {
        value: 'auto',
        text: 'By the kind of app',
        hint: 'Strict for files served from a folder here, else compatible.',
      },
      {
        value: 'compatible',
        text: 'Compatible',
        hint: 'No plug-ins, no framing by other sites. Existing apps almost never break on it.',
      },
      {
        value: 'strict',
        text: 'Strict',
        hint: 'Nothing from other origins, nothing inline, no camera, microphone or position. Apps that load scripts or fonts from elsewhere break.',
      },
    ],
  })}${textArea({
    name: 'setHeaders',
    label: 'Set these headers',
    value: values['setHeaders'],
    hint: "One a line, as Name: value. In place of the app's own.",
    rows: 3,
    code: true,
    faults,
  })}${textArea({
    name: 'removeHeaders',
    label: 'Take these headers away',
    value: values['removeHeaders'],
    hint: 'One a line. server and x-powered-by tell strangers what to look for.',
    rows: 3,
    code: true,
    faults,
  })}${checkboxes({
    name: 'keepDomain',
    label: "The app's cookies",
    values: values['keepDomain'] === 'on' ? ['on'] : [],
    faults,
    choices: [
      {
        value: 'on',
        text: 'May name a Domain',
        hint: 'For apps that share a sign-in over several hosts. Otherwise cookies stay with this host.',
      },
    ],
  })}`
}

function corsFields(values: FormValues, faults: readonly FieldFault[]): Html {
  const line = { autocomplete: 'off', code: true, faults } as const
  return html`${textArea({
    name: 'corsOrigins',
    label: 'Origins that may read answers',
    value: values['corsOrigins'],
    hint: 'One a line: https://shop.example.org, or * for everybody. Empty: the app speaks for itself.',
    rows: 2,
    code: true,
    faults,
  })}${field({ ...line, name: 'corsMethods', label: 'Methods', value: values['corsMethods'], hint: 'What their pages may do. Empty: GET HEAD POST.' })}${field(
    {
      ...line,
      name: 'corsHeaders',
      label: 'Request headers',
      value: values['corsHeaders'],
      hint: 'Beyond those every page may send: content-type x-csrf-token.',
    },
  )}${field({ ...line, name: 'corsExpose', label: 'Answer headers', value: values['corsExpose'], hint: 'That their scripts may read: etag.' })}${field(
    {
      ...line,
      name: 'corsMaxAge',
      label: 'Remembered for',
      value: values['corsMaxAge'],
      hint: 'Seconds for which browsers need not ask again. Empty: 600.',
      inputMode: 'numeric',
    },
  )}${checkboxes({
    name: 'corsCredentials',
    label: 'With cookies',
    values: values['corsCredentials'] === 'on' ? ['on'] : [],
    faults,
    choices: [
      {
        value: 'on',
        text: 'Their pages act as whoever looks at them',
        hint: 'Requests of these origins count as those of the app itself. Not together with *.',
      },
    ],
  })}`
}

function limitFields(values: FormValues, faults: readonly FieldFault[]): Html {
  const line = { autocomplete: 'off', faults } as const
  return html`${field({ ...line, name: 'bodyBytes', label: 'Longest body', value: values['bodyBytes'], hint: '10 MB, 2 GB. Empty: any.' })}${field(
    {
      ...line,
      name: 'headerBytes',
      label: 'Most headers',
      value: values['headerBytes'],
      hint: 'All of a request together. Empty: 16384 B, as much as Gatehouse reads.',
    },
  )}${field({
    ...line,
    name: 'rateRequests',
    label: 'Requests',
    value: values['rateRequests'],
    hint: 'How many in the time below. Empty: as many as anybody likes.',
    inputMode: 'numeric',
  })}${field({
    ...line,
    name: 'rateSeconds',
    label: 'In so many seconds',
    value: values['rateSeconds'],
    hint: 'Empty: 60.',
    inputMode: 'numeric',
  })}${field({
    ...line,
    name: 'rateBurst',
    label: 'At once',
    value: values['rateBurst'],
    hint: 'How many may come at once after a pause. Empty: as many as above.',
    inputMode: 'numeric',
  })}${radios({
    name: 'rateBy',
    label: 'Counted',
    value: values['rateBy'] ?? 'principal',
    faults,
    choices: [
      { value: 'principal', text: 'For each person, device or service', hint: 'Strangers by their address.' },
      { value: 'address', text: 'For each address', hint: 'Whoever comes from it. IPv6 by /64.' },
    ],
  })}`
}
