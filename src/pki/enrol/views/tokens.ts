import type { FieldFault } from '#platform'
import {
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
  id,
  notice,
  pageHeader,
  paging,
  select,
  table,
  textArea,
  time,
} from '#platform/ui'
import type { Profile } from '../../issue/profile.ts'
import { type EnrolmentToken, type TokenState, tokenState } from '../enrolment-token.ts'

export const section = '/enrolment-tokens'
const trail = [{ text: 'Enrolment', href: section }]

/** For how long, as the form offers it. */
export const lives = [
  { value: '1h', text: 'An hour' },
  { value: '24h', text: 'A day' },
  { value: '7d', text: 'A week' },
  { value: '30d', text: '30 days' },
] as const

export interface TokenFormValues {
  readonly label?: string | undefined
  readonly profile?: string | undefined
  readonly holder?: string | undefined
  readonly names?: string | undefined
  readonly uses?: string | undefined
  readonly life?: string | undefined
  readonly networks?: string | undefined
}

export function tokensPage(options: {
  readonly tokens: readonly EnrolmentToken[]
  readonly next: string | undefined
  readonly further: boolean
  readonly mayCreate: boolean
  readonly now: number
}): Html {
  const { tokens, next, further, mayCreate, now } = options
  const create = { text: 'Make a token', href: `${section}/new` }
  return html`${pageHeader({
    title: 'Enrolment',
    lead: 'With a token a device or service fetches its first certificate; after that it renews with the certificate it has.',
    action: mayCreate && tokens.length > 0 ? create : undefined,
  })}${table<EnrolmentToken>({
    caption: 'Enrolment tokens, newest first',
    columns: [
      { title: 'For', role: 'name', cell: (token) => html`<a href="${section}/${token.id}">${token.label}</a>` },
      { title: 'State', cell: (token) => stateBadge(token, now) },
      { title: 'Profile', cell: ({ profile }) => html`<code>${profile}</code>` },
      { title: 'Certificates for', cell: holderText },
      { title: 'Left', role: 'number', cell: ({ uses, usesLeft }) => `${usesLeft} of ${uses}` },
      { title: 'Ends', cell: ({ endsAt }) => time(endsAt, now) },
    ],
    rows: tokens,
    empty: emptyState({
      title: 'No enrolment tokens',
      text: 'A token lets a machine fetch one certificate for one device or service, once, within a day: its key is made there and never leaves it.',
      ...(mayCreate ? { action: create, command: 'gatehouse pki enrol-tokens create --device wm-42' } : {}),
    }),
  })}${(next !== undefined || further) && paging({ href: section, next, further, shown: tokens.length })}`
}

export function tokenPage(options: {
  readonly token: EnrolmentToken
  readonly certificates: readonly string[]
  readonly mayRevoke: boolean
  readonly now: number
}): Html {
  const { token, certificates, mayRevoke, now } = options
  const state = tokenState(token, now)
  return html`${pageHeader({
    title: token.label,
    trail,
    state: stateBadge(token, now),
    lead: leads[state],
  })}${facts([
    { term: 'Profile', value: html`<code>${token.profile}</code>` },
    { term: 'Certificates for', value: holderText(token) },
    { term: 'Hosts and addresses', value: token.names.length > 0 && html`<code>${token.names.join(', ')}</code>` },
    { term: 'Uses left', value: `${token.usesLeft} of ${token.uses}` },
    {
      term: 'From',
      value: token.networks.length === 0 ? 'everywhere' : html`<code>${token.networks.join(', ')}</code>`,
    },
    { term: 'Ends', value: time(token.endsAt, now) },
    { term: 'Last used', value: token.lastUsedAt === undefined ? 'never' : time(token.lastUsedAt, now) },
    { term: 'Made by', value: token.maker.principal.name },
    { term: 'Made', value: time(token.createdAt, now) },
    ...(token.revokedAt === undefined ? [] : [{ term: 'Revoked', value: time(token.revokedAt, now) }]),
    {
      term: 'Fetched with it',
      value: certificates.map((one) => html`<a href="/certificates/${one}">${id(one)}</a> `),
    },
    { term: 'Id', value: id(token.id) },
  ])}${
    state === 'open' && mayRevoke
      ? dangerZone([
          {
            title: 'Revoke this token',
            text: 'Nothing more is fetched with it. Certificates that were fetched stay.',
            href: `${section}/${token.id}/revoke`,
            verb: 'Revoke…',
          },
        ])
      : button({ text: 'All tokens', href: section }, 'plain')
  }`
}

export function tokenFormPage(options: {
  readonly profiles: readonly Profile[]
  readonly values: TokenFormValues
  readonly faults: readonly FieldFault[]
}): Html {
  const { profiles, values, faults } = options
  return html`${pageHeader({
    title: 'Make an enrolment token',
    trail,
    lead: 'It works as long as you may have such certificates issued yourself. Its secret is shown once, on the next page.',
  })}${form({
    action: section,
    submit: 'Make the token',
    faults,
    cancel: { text: 'Cancel', href: section },
    body: html`${field({
      name: 'label',
      label: 'What it is for',
      value: values.label,
      hint: 'People read it: the washing machine in the cellar.',
      autocomplete: 'off',
      required: true,
      maxLength: 100,
      faults,
    })}${select({
      name: 'profile',
      label: 'Profile',
      value: values.profile ?? 'device',
      choices: profiles.map(({ name, kind }) => ({ value: name, text: name === kind ? name : `${name} (${kind})` })),
      hint: 'What the certificates may be used for.',
      required: true,
      faults,
    })}${field({
      name: 'holder',
      label: 'Name',
      value: values.holder,
      hint: 'Of the device or service, or the handle of the person. Leave it empty for servers, which are their hosts.',
      autocomplete: 'off',
      code: true,
      maxLength: 64,
      faults,
    })}${textArea({
      name: 'names',
      label: 'Hosts and addresses',
      value: values.names,
      hint: 'One a line, for servers and services: what others reach them by.',
      rows: 3,
      code: true,
      faults,
    })}${field({
      name: 'uses',
      label: 'Uses',
      type: 'number',
      value: values.uses ?? '1',
      hint: 'How many certificates can be fetched with it.',
      autocomplete: 'off',
      inputMode: 'numeric',
      required: true,
      faults,
    })}${select({ name: 'life', label: 'Ends in', value: values.life ?? '24h', choices: lives, required: true, faults })}${textArea(
      {
        name: 'networks',
        label: 'Only from',
        value: values.networks,
        hint: 'One a line: 10.0.0.0/8, 2001:db8::/32 or @office. Empty: from everywhere.',
        rows: 2,
        code: true,
        faults,
      },
    )}`,
  })}`
}

/** The one page that shows the secret. */
export function secretPage(token: EnrolmentToken, secret: string, origin: string, fingerprint: string): Html {
  return html`${pageHeader({
    title: `${token.label} is ready`,
    trail,
    lead: `It works ${token.uses === 1 ? 'once' : `${token.uses} times`}.`,
    action: { text: 'Go to the token', href: `${section}/${token.id}` },
  })}${notice(
    'warning',
    'Keep the token now: it is shown this once',
    html`<p><code>${secret}</code> ${copyButton(secret, 'Copy')}</p>`,
  )}
<p>On the machine, with the token in the file <code>token.txt</code>:</p>
${command(
  `gatehouse pki agent --server ${origin} --ca ${fingerprint} --token-file token.txt --cert tls.crt --key tls.key`,
  'Fetch the certificate, and keep it current',
)}
<p>Any client of EST (RFC 7030) does: the address is <code>${origin}/.well-known/est</code>, the token is the password with any user name.</p>`
}

export function revokeTokenPage(token: EnrolmentToken): Html {
  const page = `${section}/${token.id}`
  const left = token.usesLeft
  return html`${pageHeader({
    title: `Revoke ${token.label}`,
    trail: [...trail, { text: token.label, href: page }],
  })}${confirmation({
    title: `Revoke the enrolment token ${token.label}`,
    consequences: [
      left === 0
        ? 'It has no use left.'
        : `${left} ${left === 1 ? 'use that is' : 'uses that are'} left cannot be made.`,
      'Certificates that were fetched with it stay, and renew.',
    ],
    undo: 'This cannot be undone. Another token can be made.',
    action: `${page}/revoke`,
    verb: 'Revoke the token',
    cancel: { text: 'Keep it', href: page },
  })}`
}

const leads: Readonly<Record<TokenState, string>> = {
  open: 'Whoever has its secret can fetch a certificate with it.',
  used: 'It was used as often as it may.',
  ended: 'It has ended.',
  revoked: 'It was revoked.',
}

function stateBadge(token: EnrolmentToken, now: number): Html {
  const words = { open: 'Open', used: 'Used', ended: 'Ended', revoked: 'Revoked' }
  const state = tokenState(token, now)
  return badge(state === 'open' ? 'good' : state === 'revoked' ? 'bad' : 'off', words[state])
}

function holderText({ holder, names }: EnrolmentToken): string {
  return holder === undefined ? names.join(', ') : `${holder.kind} ${holder.name}`
}
