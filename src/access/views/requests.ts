import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  badge,
  button,
  command,
  emptyState,
  facts,
  form,
  type Html,
  hidden,
  html,
  link,
  notice,
  pageHeader,
  paging,
  select,
  type Tone,
  table,
  tabs,
  textArea,
  time,
  withQuery,
} from '#platform/ui'
import type { Vocabulary } from '../permissions.ts'
import type { Effect } from '../requests/access-requests.ts'
import type { RequestJson } from '../requests/wire.ts'
import { durations, lastingOf } from './durations.ts'

const section = '/requests'

const tones: Readonly<Record<RequestJson['state'], Tone>> = {
  open: 'info',
  granted: 'good',
  declined: 'bad',
  withdrawn: 'off',
  expired: 'off',
}

export interface RequestListView {
  readonly requests: readonly RequestJson[]
  readonly mine: boolean
  readonly next: string | undefined
  readonly further: boolean
  readonly vocabulary: Vocabulary
  readonly now: number
}

/** What waits for an answer, or what one asked for. */
export function requestListPage(view: RequestListView): ShellPage {
  const { requests, mine, next, further, now, vocabulary } = view
  const body = html`${pageHeader({
    title: 'Requests',
    lead: mine ? 'What you asked for, and what became of it.' : 'What others ask for that you hold and may grant.',
  })}
${tabs('Requests', [
  { text: 'To answer', href: section, current: !mine },
  { text: 'Asked by you', href: `${section}?mine=true`, current: mine },
])}
${table({
  caption: mine ? 'Your requests, newest first' : 'Open requests, newest first',
  columns: [
    {
      title: 'What for',
      role: 'name',
      cell: ({ id, permission }) => link({ text: vocabulary.describe(permission), href: `${section}/${id}` }),
    },
    { title: 'Permission', cell: ({ permission }) => html`<code>${permission}</code>` },
    { title: mine ? 'State' : 'Who', cell: (row) => (mine ? stateBadge(row) : row.requester.name) },
    { title: 'Reason', cell: ({ reason }) => reason },
    { title: 'For', cell: ({ durationSeconds }) => lasting(durationSeconds) },
    { title: 'Asked', cell: ({ createdAt }) => time(Date.parse(createdAt), now) },
  ],
  rows: requests,
  empty: mine ? nothingAsked : nothingToAnswer,
})}
${paging({ href: mine ? `${section}?mine=true` : section, next, further, shown: requests.length })}`
  return { title: 'Requests', body, section, frame: 'full' }
}

const nothingAsked = emptyState({
  title: 'You asked for nothing',
  text: 'Where something is refused to you, its Why page says whether a grant would help, and asks for it.',
  action: { text: 'Ask why', href: '/why' },
})
const nothingToAnswer = emptyState({
  title: 'Nothing to answer',
  text: 'When somebody is refused what you hold and may grant, they can ask, and it appears here and on the overview.',
})

export interface RequestView {
  readonly request: RequestJson
  readonly mine: boolean
  readonly mayAnswer: boolean
  /** What granting would do; absent where nobody is about to. */
  readonly effect: Effect | undefined
  /** Who asked is disabled now. */
  readonly disabled: boolean
  readonly faults: readonly FieldFault[]
  readonly vocabulary: Vocabulary
  readonly now: number
}

/** One request: what for, why, what a grant would do, and the answer. */
export function requestPage(view: RequestView): ShellPage {
  const { request, mine, mayAnswer, vocabulary, now, faults } = view
  const title = mine ? `Your request for ${request.permission}` : `${request.requester.name} asks for access`
  const body = html`${pageHeader({
    title,
    lead: vocabulary.describe(request.permission),
    trail: [{ text: 'Requests', href: mine ? `${section}?mine=true` : section }],
    state: stateBadge(request),
  })}
${faults.map(({ message }) => notice('refused', message))}
${mine && outcome(view)}
${facts([
  { term: 'Permission', value: html`<code>${request.permission}</code>` },
  { term: 'Who', value: request.requester.name },
  { term: 'Reason', value: request.reason },
  { term: 'For', value: lasting(request.durationSeconds) },
  { term: 'Asked', value: time(Date.parse(request.createdAt), now) },
  request.state === 'open'
    ? { term: 'Goes away', value: time(Date.parse(request.expiresAt), now) }
    : { term: 'Answered', value: answeredBy(view) },
])}
${mayAnswer && answerForms(view)}
${mine && request.state === 'open' && withdrawing(request)}`
  return { title, body, section, frame: 'full' }
}

function outcome({ request }: RequestView): Html {
  const { permission, state, grant, answer, answeredBy: by } = request
  const why = link({ text: 'Why, as it is now', href: withQuery('/why', { permission }) })
  switch (state) {
    case 'open':
      return notice('info', 'It waits for an answer', 'Whoever holds it and may grant it sees it on their overview.')
    case 'granted':
      return notice(
        'done',
        `${by?.name ?? 'Somebody'} granted it`,
        html`It gives you this until it ends${grant !== null && html`: ${link({ text: 'the grant', href: `/grants/${grant}` })}`}. ${why}`,
      )
    case 'declined':
      return notice('refused', `${by?.name ?? 'Somebody'} declined it`, answer === '' ? 'Without a word.' : answer)
    case 'withdrawn':
      return notice('info', 'You took it back')
    case 'expired':
      return notice('info', 'Nobody answered in time', html`You can ask again. ${why}`)
  }
}

function answeredBy({ request, now }: RequestView): Html {
  const { answeredAt, answeredBy: by } = request
  return answeredAt === null ? html`nobody` : html`${time(Date.parse(answeredAt), now)} by ${by?.name}`
}

function answerForms({ request, effect, disabled, faults }: RequestView): Html {
  const { id, requester } = request
  const own = durations.find(({ value }) => lastingOf(value) === request.durationSeconds * 1000)?.value ?? '1h'
  return html`${effect === 'forbidden' && notice('warning', 'A grant would not open it now', 'Since it was asked for, a policy has come to forbid it whatever roles and grants give.')}
${effect === 'nothing-there' && notice('warning', 'There is no such thing', 'What it names does not exist here, so a grant would open nothing.')}
${disabled && notice('warning', `${requester.name} is disabled`, 'A grant gives nothing while the account is disabled.')}
<h2>Grant it</h2><p>From now on ${requester.name} may do this, in sessions already open too, until the time is over. The grant comes from what you hold: it also ends when you no longer hold it, and you can revoke it at any time.</p>
${form({
  action: `${section}/${id}/grant`,
  submit: `Grant it to ${requester.name}`,
  faults: [],
  body: select({ name: 'duration', label: 'For', value: own, required: true, choices: durations }),
})}
<h2>Decline it</h2>${form({
    action: `${section}/${id}/decline`,
    submit: 'Decline',
    look: 'plain',
    body: textArea({
      name: 'words',
      label: 'What to say',
      hint: `${requester.name} reads it.`,
      rows: 2,
      maxLength: 500,
      faults,
    }),
  })}
${command(`gatehouse requests grant ${id}`, 'The same in a terminal')}`
}

function withdrawing({ id }: RequestJson): Html {
  return html`<h2>Take it back</h2><p>Nobody sees it any more.</p>${actionForm({ action: `${section}/${id}/withdraw`, submit: 'Withdraw the request' })}
${command(`gatehouse requests withdraw ${id}`, 'The same in a terminal')}`
}

/** Asks those who could grant it; on the Why page. */
export function askForm(permission: string): Html {
  return html`<h2 id="ask">Ask for access</h2><p>A grant of <code>${permission}</code> would allow it. Whoever holds it and may grant it sees what you write.</p>
${form({
  action: section,
  submit: 'Ask for access',
  body: html`${hidden('permission', permission)}${textArea({
    name: 'reason',
    label: 'What for',
    rows: 2,
    maxLength: 500,
    required: true,
  })}${select({ name: 'duration', label: 'For how long', value: '1h', required: true, choices: durations })}`,
})}
<p>${button({ text: 'What you asked for', href: `${section}?mine=true` }, 'plain')}</p>`
}

function stateBadge({ state }: RequestJson): Html {
  return badge(tones[state], state.charAt(0).toUpperCase() + state.slice(1))
}

/** `one hour`, `90 minutes`. */
function lasting(seconds: number): string {
  const named = durations.find(({ value }) => lastingOf(value) === seconds * 1000)
  if (named !== undefined) return named.text
  const minutes = Math.round(seconds / 60)
  return minutes % 60 === 0 ? `${minutes / 60} hours` : `${minutes} minutes`
}
