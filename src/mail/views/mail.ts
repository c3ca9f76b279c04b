import type { z } from 'zod'
import type { ShellPage } from '#platform'
import { command, facts, field, form, type Html, html, nothing, notice, pageHeader, time } from '#platform/ui'
import type { mailState } from '../contract.ts'

export interface MailView {
  readonly state: z.infer<typeof mailState>
  readonly now: number
  readonly to?: string
  /** What the mail server said when it took a test mail. */
  readonly answer?: string
  readonly refusal?: { readonly title: string; readonly detail: string }
}

const section = '/mail'
const tlsWords = {
  implicit: 'TLS from the first byte',
  starttls: 'TLS before anything is said (STARTTLS)',
  none: 'none: the server is on this machine',
} as const

/** Whether mail goes out. */
export function mailPage(view: MailView): ShellPage {
  const { state, refusal, answer } = view
  const body = html`${pageHeader({
    title: 'Mail',
    lead: 'Invitations, links to get back in and notices go out by mail, if there is a mail server.',
  })}
${refusal === undefined ? nothing : notice('refused', refusal.title, refusal.detail)}
${answer === undefined ? nothing : notice('done', 'The mail server took the test mail', html`It answered <code>${answer}</code>. Whether it arrives shows in the mailbox.`)}
${state.enabled ? whenOn(view) : whenOff()}`
  return { title: 'Mail', body, section, frame: 'full' }
}

function whenOn({ state, now, to }: MailView): Html {
  return html`${facts([
    { term: 'Server', value: html`<code>${state.server}</code>` },
    { term: 'Encryption', value: state.tls === null ? undefined : tlsWords[state.tls] },
    { term: 'From', value: html`<code>${state.from}</code>` },
    { term: 'Waiting', value: state.waiting === 0 ? 'Nothing waits' : String(state.waiting) },
    ...(state.waitingSince === null
      ? []
      : [{ term: 'Waiting since', value: time(Date.parse(state.waitingSince), now) }]),
    ...(state.lastFailure === null ? [] : [{ term: 'Last failure', value: html`<code>${state.lastFailure}</code>` }]),
  ])}
<h2>Try it</h2>
${form({
  action: '/mail/test',
  submit: 'Send a test mail',
  body: field({
    name: 'to',
    label: 'To',
    hint: 'Sent at once; the mail server’s answer is shown here.',
    type: 'email',
    value: to,
    autocomplete: 'email',
    required: true,
    maxLength: 254,
  }),
})}`
}

function whenOff(): Html {
  return html`${notice(
    'info',
    'No mail is sent',
    'There is no mail server. Everything works by hand: a link is shown to whoever makes it, who hands it on. Name a server in gatehouse.toml and start Gatehouse again.',
  )}
${command('[mail]\nhost = "mail.example.org"\nuser = "gatehouse"\npassword-file = "/etc/gatehouse/mail-password"\nfrom = "gatehouse@example.org"', 'gatehouse.toml')}`
}
