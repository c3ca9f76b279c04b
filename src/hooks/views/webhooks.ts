import type { FieldFault } from '#platform'
import {
  actionForm,
  badge,
  button,
  command,
  confirmation,
  copyButton,
  dangerZone,
  emptyState,
  facts,
  field,
  form,
  type Html,
  html,
  notice,
  pageHeader,
  paging,
  table,
  textArea,
  time,
} from '#platform/ui'
import { failureReasons, pausedWords, type TestView } from '../contract.ts'
import type { Delivery } from '../delivery-store.ts'
import { type Endpoint, stateOf } from '../endpoint.ts'

const trail = [{ text: 'Webhooks', href: '/webhooks' }]
const trailOf = (name: string) => [...trail, { text: name, href: `/webhooks/${name}` }]

export type FormValues = Readonly<Record<string, string | undefined>>

/** Every webhook, by name. */
export function webhooksPage(endpoints: readonly Endpoint[], now: number): Html {
  return html`${pageHeader({
    title: 'Webhooks',
    lead: 'Programs elsewhere that are told what changes here, in signed messages.',
    action: endpoints.length === 0 ? undefined : { text: 'Add a webhook', href: '/webhooks/new' },
  })}${table({
    caption: 'Webhooks by name',
    columns: [
      { title: 'Name', role: 'name', cell: ({ name }) => html`<a href="/webhooks/${name}">${name}</a>` },
      { title: 'State', cell: stateBadge },
      { title: 'Sends to', cell: ({ url }) => html`<code>${new URL(url).host}</code>` },
      { title: 'Events', cell: ({ patterns }) => html`<code>${patterns.join(', ')}</code>` },
      { title: 'Last accepted', cell: ({ deliveredAt }) => time(deliveredAt, now) },
    ],
    rows: endpoints,
    empty: emptyState({
      title: 'No webhooks yet',
      text: 'A webhook posts every change you may read, or the kinds you choose, to an address of yours: a chat, a ticket system, a log store.',
      action: { text: 'Add a webhook', href: '/webhooks/new' },
      command: 'gatehouse webhooks create siem --to https://siem.example.org/hook',
    }),
  })}`
}

export interface WebhookPageOptions {
  readonly endpoint: Endpoint
  readonly waiting: number
  readonly deliveries: readonly Delivery[]
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
  readonly tested?: TestView
}

/** One webhook: what is known, a test, what was delivered, and what can be done about it. */
export function webhookPage(options: WebhookPageOptions): Html {
  const { endpoint, waiting, now, tested } = options
  const { name, url, patterns, pausedReason, failingSince, owner, former, deliveredAt } = endpoint
  const formerUntil = former !== undefined && former.until > now ? former.until : undefined
  return html`${pageHeader({
    title: name,
    trail,
    state: stateBadge(endpoint),
    lead: 'Messages are posted here when something happens, and repeated for twenty hours until they are accepted.',
    action: { text: 'Change', href: `/webhooks/${name}/edit` },
  })}${tested === undefined ? undefined : testNotice(tested)}${
    pausedReason !== undefined &&
    notice(pausedReason === 'person' ? 'info' : 'warning', 'Paused: nothing is sent', pausedWords[pausedReason])
  }${facts([
    { term: 'Sends to', value: html`<code>${url}</code>` },
    { term: 'Events', value: html`<code>${patterns.join(', ')}</code>` },
    { term: 'Acts as', value: html`${owner.principal.name}: only what they may read is sent` },
    { term: 'Waiting', value: waiting === 0 ? 'nothing' : `${waiting} ${waiting === 1 ? 'message' : 'messages'}` },
    { term: 'Last accepted', value: time(deliveredAt, now) },
    ...(failingSince === undefined ? [] : [{ term: 'Failing since', value: time(failingSince, now) }]),
    ...(formerUntil === undefined ? [] : [{ term: 'Former secret signs until', value: time(formerUntil, now) }]),
    { term: 'Created', value: time(endpoint.createdAt, now) },
  ])}
<p>${actionForm({ action: `/webhooks/${name}/test`, submit: 'Send a test message', label: `Send a test message through ${name}` })}
${
  pausedReason === undefined
    ? actionForm({
        action: `/webhooks/${name}/pause`,
        submit: 'Pause',
        label: `Pause ${name}: nothing is sent or queued`,
      })
    : actionForm({ action: `/webhooks/${name}/resume`, submit: 'Resume', label: `Resume ${name}` })
} ${button({ text: 'Send events again…', href: `/webhooks/${name}/replay` }, 'plain')}</p>
${deliveriesSection(options)}${dangerZone([
  {
    title: 'Make a new secret',
    text: 'For a day messages are signed with both, so that the receiver can be changed in between.',
    href: `/webhooks/${name}/rotate-secret`,
    verb: 'New secret…',
  },
  {
    title: 'Delete this webhook',
    text: 'Nothing is sent any more, and what is waiting is lost.',
    href: `/webhooks/${name}/delete`,
    verb: 'Delete…',
  },
])}`
}

function deliveriesSection({ endpoint, deliveries, next, further, now }: WebhookPageOptions): Html {
  const { name } = endpoint
  return html`<h2>Deliveries</h2>${table<Delivery>({
    caption: 'Deliveries, newest event first',
    columns: [
      { title: 'Event', role: 'name', cell: ({ event }) => html`<code>${event}</code>` },
      { title: 'State', cell: ({ state }) => deliveryBadge(state) },
      { title: 'Attempts', role: 'number', cell: ({ attempts }) => String(attempts) },
      { title: 'Last attempt', cell: ({ lastAt }) => time(lastAt, now) },
      { title: 'Came to', cell: cameTo },
      { title: 'Next', cell: ({ state, dueAt }) => (state === 'waiting' ? time(dueAt, now) : '') },
      {
        title: 'Actions',
        role: 'actions',
        cell: ({ id, event, state }) =>
          state === 'waiting'
            ? ''
            : actionForm({
                action: `/webhooks/${name}/deliveries/${id}/replay`,
                submit: 'Send again',
                label: `Send ${event} again`,
              }),
      },
    ],
    rows: deliveries,
    empty: emptyState({
      title: 'Nothing was delivered yet',
      text: 'Events appear here when they happen. A test message tells now whether the address works.',
    }),
  })}${(next !== undefined || further) && paging({ href: `/webhooks/${name}`, next, further, shown: deliveries.length })}`
}

function cameTo({ status, reason, answer }: Delivery): Html {
  const words = reason === undefined ? '' : (failureReasons[reason] ?? reason)
  return html`${status === undefined ? '' : html`<code>${status}</code> `}${words}${
    answer !== undefined &&
    answer !== '' &&
    html`<details><summary>Its answer</summary><code>${answer}</code></details>`
  }`
}

/** The form, for a new webhook or one that exists. */
export function webhookFormPage(options: {
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
  /** Absent for a new one. */
  readonly name?: string
}): Html {
  const { values, faults, name } = options
  const isNew = name === undefined
  return html`${pageHeader({
    title: isNew ? 'Add a webhook' : `Change ${name}`,
    trail: isNew ? trail : trailOf(name),
    lead: isNew
      ? 'It is told what you may read, as long as you may. Its secret is shown once, on the next page.'
      : 'From then on it acts as you: it is told what you may read, and not what others may.',
  })}${form({
    action: isNew ? '/webhooks' : `/webhooks/${name}`,
    submit: isNew ? 'Add the webhook' : 'Save the change',
    faults,
    cancel: { text: 'Cancel', href: isNew ? '/webhooks' : `/webhooks/${name}` },
    body: html`${
      isNew &&
      field({
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
    }${field({
      name: 'url',
      label: 'Address',
      type: 'url',
      value: values['url'],
      hint: 'Where messages are posted: https://example.org/hook. Redirects are not followed.',
      autocomplete: 'off',
      code: true,
      required: true,
      maxLength: 2_000,
      faults,
    })}${textArea({
      name: 'events',
      label: 'Events',
      value: values['events'] ?? '*',
      hint: 'One a line: * for all, accounts.* for a kind, accounts.disable for one.',
      rows: 4,
      code: true,
      required: true,
      faults,
    })}`,
  })}${isNew && command(`gatehouse webhooks create NAME --to https://example.org/hook --event 'accounts.*'`, 'The same in a terminal')}`
}

/** The one page that shows the secret. */
export function secretPage(endpoint: Endpoint, secret: string, isNew: boolean): Html {
  const { name } = endpoint
  return html`${pageHeader({
    title: isNew ? `${name} is ready` : `${name} has a new secret`,
    trail: trailOf(name),
    lead: 'The receiver proves with this secret that a message is from here.',
    action: { text: 'Go to the webhook', href: `/webhooks/${name}` },
  })}${notice('warning', 'Keep the secret now: it is shown this once', html`<p><code>${secret}</code> ${copyButton(secret, 'Copy the secret')}</p>`)}
<p>Messages are signed as <code>webhook-signature</code> after Standard Webhooks: <code>v1</code>, HMAC-SHA-256 over <code>webhook-id.webhook-timestamp.body</code>.</p>`
}

export function rotatePage({ name }: Endpoint): Html {
  return html`${pageHeader({ title: `New secret for ${name}`, trail: trailOf(name) })}${confirmation({
    title: `Make a new secret for ${name}`,
    consequences: [
      'The new secret is shown once, on the next page.',
      'For a day messages carry two signatures, of the new and the present secret; after that of the new one alone.',
      'A secret that was rotated out before signs no more.',
    ],
    undo: 'The present secret cannot be put back.',
    action: `/webhooks/${name}/rotate-secret`,
    verb: 'Make a new secret',
    cancel: { text: 'Keep the secret', href: `/webhooks/${name}` },
  })}`
}

export function deletePage({ name, revision }: Endpoint, waiting: number): Html {
  return html`${pageHeader({ title: `Delete ${name}`, trail: trailOf(name) })}${confirmation({
    title: `Delete the webhook ${name}`,
    consequences: [
      waiting === 0
        ? 'Nothing is waiting.'
        : `${waiting} ${waiting === 1 ? 'message that waits is' : 'messages that wait are'} never sent.`,
      'Its address, its secret and what it delivered are forgotten.',
      html`The name <code>${name}</code> is never used again.`,
    ],
    undo: 'This cannot be undone. Pausing it keeps everything.',
    action: `/webhooks/${name}/delete`,
    verb: `Delete ${name}`,
    values: { revision: String(revision) },
    cancel: { text: 'Keep it', href: `/webhooks/${name}` },
  })}`
}

export function replayPage({ name }: Endpoint, value: string | undefined, faults: readonly FieldFault[]): Html {
  return html`${pageHeader({
    title: `Send again through ${name}`,
    trail: trailOf(name),
    lead: 'Every event since a time that this webhook wants and may read is queued, at most 10,000, also what was accepted before. The receiver tells repetitions by their ids. Queued messages can be stopped by pausing.',
  })}${form({
    action: `/webhooks/${name}/replay`,
    submit: 'Send again',
    faults,
    cancel: { text: 'Cancel', href: `/webhooks/${name}` },
    body: field({
      name: 'since',
      label: 'Since (UTC)',
      type: 'datetime-local',
      value,
      hint: 'Events are kept for 30 days.',
      autocomplete: 'off',
      required: true,
      faults,
    }),
  })}${command(`gatehouse webhooks replay ${name} --since 24h`, 'The same in a terminal')}`
}

function testNotice({ delivered, status, reason, answer, ms }: TestView): Html {
  if (delivered) return notice('done', `The receiver accepted the message with ${status ?? ''} after ${ms} ms`)
  const words = reason === null ? '' : (failureReasons[reason] ?? reason)
  return notice(
    'refused',
    'The message was not accepted',
    html`<p>${status === null ? '' : html`<code>${status}</code> `}${words}</p>${answer !== null && answer !== '' && html`<p><code>${answer}</code></p>`}`,
  )
}

function stateBadge(endpoint: Endpoint): Html {
  const state = stateOf(endpoint)
  if (state === 'on') return badge('good', 'On')
  return state === 'failing' ? badge('bad', 'Failing') : badge('off', 'Paused')
}

function deliveryBadge(state: Delivery['state']): Html {
  if (state === 'delivered') return badge('good', 'Delivered')
  return state === 'waiting' ? badge('narrow', 'Waiting') : badge('bad', 'Given up')
}
