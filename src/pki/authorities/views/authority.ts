import type { FieldFault, ShellPage } from '#platform'
import {
  button,
  command,
  confirmation,
  copyButton,
  type DangerousAction,
  dangerZone,
  exactTime,
  facts,
  field,
  form,
  type Html,
  html,
  link,
  notice,
  pageHeader,
  select,
  textArea,
  time,
} from '#platform/ui'
import { revocationReasons } from '../../revoke/reasons.ts'
import { authorityPath } from '../authority-profiles.ts'
import type { LiveAuthority } from '../live-authority.ts'
import type { AuthorityRequest } from '../request-store.ts'
import { authorityJson, requestJson } from '../wire.ts'
import { type FormValues, keyWords, pathOf, requestsSection, section, stateOf, trail } from './authorities.ts'

export interface AuthorityPageView {
  readonly live: LiveAuthority
  readonly parent: LiveAuthority | undefined
  readonly mayUpdate: boolean
  readonly mayExport: boolean
  readonly now: number
}

/** One authority: what it may do, what stands above it, and what can be done with it. */
export function authorityPage(view: AuthorityPageView): ShellPage {
  const { live, parent, now } = view
  const { stored, published, certificate } = live
  const shown = authorityJson(live)
  const actions = actionsOf(view)
  const body = html`${pageHeader({
    title: stored.name,
    lead: leadOf(live),
    trail: [trail],
    state: stateOf(live, now),
    action:
      view.mayUpdate && isActivatable(live) ? { text: 'Activate…', href: `${pathOf(stored.id)}/activate` } : undefined,
  })}
${facts([
  { term: 'Line', value: html`<code>${stored.line}</code>` },
  {
    term: 'Signed by',
    value: parent === undefined ? 'itself' : link({ text: parent.stored.name, href: pathOf(parent.stored.id) }),
  },
  { term: 'Key', value: keyWords(live) },
  {
    term: 'Valid',
    value: html`${exactTime(certificate.notBefore)} to ${exactTime(certificate.notAfter)} (${time(certificate.notAfter, now)})`,
  },
  { term: 'Issues for', value: shown.purposes.length === 0 ? 'any purpose' : shown.purposes.join(', ') },
  { term: 'Names it may certify', value: shown.permittedNames.length === 0 ? 'any' : shown.permittedNames.join(', ') },
  { term: 'Names it may not', value: shown.excludedNames.join(', ') },
  ...(stored.kind === 'root'
    ? [{ term: 'Certified by the root before it', value: shown.crossCertified ? 'yes' : 'no' }]
    : []),
  ...(stored.exported === undefined
    ? []
    : [{ term: 'Copy of its key handed out', value: time(stored.exported.at, now) }]),
  ...(live.revokedAt === undefined ? [] : [{ term: 'Revoked', value: time(live.revokedAt, now) }]),
  { term: 'Serial', value: html`<code>${certificate.serial}</code>` },
  { term: 'SHA-256', value: fingerprint(published.fingerprint) },
  { term: 'Id', value: html`<code>${stored.id}</code>` },
])}
<section aria-labelledby="download"><h2 id="download">Download</h2>
<p>${button({ text: 'Certificate (DER)', href: authorityPath(stored.id) }, 'plain')} ${button({ text: 'Chain (PEM)', href: authorityPath(stored.id).replace(/crt$/, 'pem') }, 'plain')}</p></section>
${command(`gatehouse pki authorities show ${stored.id}`, 'The same in a terminal')}
${view.mayUpdate && stored.sealedKey === undefined && html`<section aria-labelledby="lists"><h2 id="lists">Revocation list</h2><p>Its key is elsewhere, so its list is signed there and brought here.</p><p>${button({ text: 'What to sign, and import it', href: `${pathOf(stored.id)}/revocation-list` }, 'plain')}</p></section>`}
${actions.length > 0 && dangerZone(actions)}`
  return { title: stored.name, body, section, frame: 'full' }
}

function leadOf({ stored, revokedAt }: LiveAuthority): string {
  if (revokedAt !== undefined) return 'Revoked for good: whatever it issued is refused.'
  if (stored.state === 'standby') return 'Stands by: it is published and issues nothing yet.'
  if (stored.state === 'retired') return 'Issues no more; what it issued stays trusted.'
  return stored.kind === 'root' ? 'What people trust; it signs the intermediates.' : `Issues for ${stored.line}.`
}

function isActivatable({ stored, revokedAt }: LiveAuthority): boolean {
  return stored.state === 'standby' && revokedAt === undefined
}

function actionsOf({ live, mayUpdate, mayExport }: AuthorityPageView): readonly DangerousAction[] {
  const { stored, revokedAt } = live
  if (revokedAt !== undefined) return []
  const at = pathOf(stored.id)
  const root = stored.kind === 'root'
  const here = stored.sealedKey !== undefined
  return [
    ...(mayUpdate && stored.state !== 'retired' && !(root && stored.state === 'active')
      ? [
          {
            title: 'Retire',
            text: 'It issues no more; what it issued stays trusted.',
            href: `${at}/retire`,
            verb: 'Retire…',
          },
        ]
      : []),
    ...(mayExport && root && here
      ? [
          {
            title: 'Export the private key',
            text: 'A copy leaves this server, encrypted with your passphrase.',
            href: `${at}/export`,
            verb: 'Export…',
          },
          {
            title: 'Take the key offline',
            text: 'Deletes the key here, once its copy is confirmed.',
            href: `${at}/disconnect`,
            verb: 'Take offline…',
          },
        ]
      : []),
    ...(mayUpdate && root && !here
      ? [
          {
            title: 'Bring the key back',
            text: 'The root can sign here again.',
            href: `${at}/reconnect`,
            verb: 'Bring back…',
          },
        ]
      : []),
    ...(mayUpdate && !(root && stored.state === 'active')
      ? [{ title: 'Revoke', text: 'Whatever it issued is refused, for good.', href: `${at}/revoke`, verb: 'Revoke…' }]
      : []),
  ]
}

function fingerprint(text: string): Html {
  const lines = text.match(/.{24}|.+$/g) ?? []
  return html`${lines.map((line, at) => html`${at > 0 && html`<br>`}<code>${line}</code>`)} ${copyButton(text, 'Copy the fingerprint')}`
}

export interface ActivateView {
  readonly live: LiveAuthority
  readonly former: LiveAuthority | undefined
  /** A root: whether the former one can certify it. */
  readonly certifiable: boolean
  /** Lines that issue under the former root. */
  readonly lines: readonly string[]
}

export function activatePage({ live, former, certifiable, lines }: ActivateView): ShellPage {
  const { stored } = live
  const root = stored.kind === 'root'
  const consequences = [
    former === undefined
      ? `${stored.name} issues for ${stored.line} from then on.`
      : `${stored.name} issues for ${stored.line} from then on, ${former.stored.name} no more, in one step.`,
    'What was issued before stays trusted and is renewed as it falls due.',
    ...(root
      ? [
          'Both roots stay in /ca.pem. Machines that do not trust the new one yet should be made to.',
          certifiable
            ? 'The former root certifies the new one, so machines that trust only the former accept what is issued under the new.'
            : 'The former root cannot certify the new one: machines that trust only the former refuse what is issued under the new.',
          ...(lines.length === 0
            ? []
            : [`These lines issue under the former root until they are rolled over: ${lines.join(', ')}.`]),
        ]
      : []),
  ]
  return confirm(live, {
    title: `Activate ${stored.name}`,
    consequences,
    undo: 'The former one is retired and cannot be activated again; another standby can take over at any time.',
    verb: 'Activate and roll the line over',
    action: 'activate',
  })
}

export function retirePage(live: LiveAuthority, successor: string | undefined): ShellPage {
  const { stored } = live
  return confirm(live, {
    title: `Retire ${stored.name}`,
    consequences: [
      'It issues no more. What it issued stays trusted until it ends.',
      stored.state !== 'active'
        ? 'It does not issue now, so nothing else changes.'
        : (successor ?? `The line ${stored.line} is closed: nothing is issued for it any more.`),
    ],
    undo: 'A retired authority is not activated again.',
    verb: `Retire ${stored.name}`,
    action: 'retire',
  })
}

export function revokePage(
  live: LiveAuthority,
  successor: string | undefined,
  faults: readonly FieldFault[],
): ShellPage {
  const { stored } = live
  const title = `Revoke ${stored.name}`
  const body = html`${pageHeader({ title, trail: [trail, { text: stored.name, href: pathOf(stored.id) }] })}
${notice(
  'warning',
  'Whatever it issued is refused from then on, everywhere in Gatehouse, and cannot be accepted again',
  html`<ul><li>Devices, services and people with certificates from it must be given new ones.</li>
<li>Hosts served here get new certificates by themselves.</li>
<li>${stored.state === 'active' ? (successor ?? `The line ${stored.line} is closed.`) : 'It does not issue now, so nobody needs to take over.'}</li></ul>`,
)}
${form({
  action: `${pathOf(stored.id)}/revoke`,
  submit: title,
  dangerous: true,
  cancel: { text: 'Keep it', href: pathOf(stored.id) },
  faults,
  body: html`${select({ name: 'reason', label: 'Why', required: true, value: 'unspecified', choices: revocationReasons.map((value) => ({ value, text: reasonWords[value] })), faults })}
${field({ name: 'confirm', label: `Type ${stored.name} to confirm`, autocomplete: 'off', code: true, required: true, faults })}`,
})}`
  return { title, body, section, frame: 'full' }
}

const reasonWords = {
  unspecified: 'No particular reason',
  keyCompromise: 'Its key is in other hands',
  affiliationChanged: 'It belongs to somebody else now',
  superseded: 'Another took its place',
  cessationOfOperation: 'It is not needed any more',
  privilegeWithdrawn: 'It may not issue any more',
} as const

export function exportPage({ stored }: LiveAuthority, faults: readonly FieldFault[]): ShellPage {
  const title = 'Export the private key of the root'
  const body = html`${pageHeader({ title, lead: stored.name, trail: [trail, { text: stored.name, href: pathOf(stored.id) }] })}
${notice('warning', 'Whoever has the copy and its passphrase can be anybody to everyone who trusts this root', 'It is shown once and kept nowhere. The journal says that you took it. The key stays here until you take it offline.')}
${form({
  action: `${pathOf(stored.id)}/export`,
  submit: 'Show the encrypted key once',
  dangerous: true,
  cancel: { text: 'Cancel', href: pathOf(stored.id) },
  faults,
  body: field({
    name: 'passphrase',
    label: 'Passphrase',
    type: 'password',
    hint: 'At least 12 characters; keep it apart from the file.',
    autocomplete: 'new-password',
    required: true,
    minLength: 12,
    maxLength: 1024,
    faults,
  }),
})}`
  return { title, body, section, frame: 'full' }
}

/** The one time the copy is shown. */
export function exportedPage({ stored }: LiveAuthority, pem: string, digest: string): ShellPage {
  const title = 'The private key of the root'
  const body = html`${pageHeader({ title, lead: 'Shown this once. Store it as a file, apart from its passphrase.', trail: [trail, { text: stored.name, href: pathOf(stored.id) }] })}
${command(pem, 'Encrypted PKCS #8 in PEM')}
${facts([{ term: 'SHA-256 of the file', value: html`<code>${digest}</code> ${copyButton(digest, 'Copy the SHA-256')}` }])}
<p>To take the root offline, check the file with <code>sha256sum</code> and confirm its SHA-256.</p>
<p>${button({ text: 'Take the key offline', href: `${pathOf(stored.id)}/disconnect` }, 'plain')}</p>`
  return { title, body, section, frame: 'full' }
}

export function disconnectPage(
  { stored }: LiveAuthority,
  values: FormValues,
  faults: readonly FieldFault[],
): ShellPage {
  const title = 'Take the key of the root offline'
  const body = html`${pageHeader({ title, lead: stored.name, trail: [trail, { text: stored.name, href: pathOf(stored.id) }] })}
${notice(
  'warning',
  'The key is deleted on this server',
  html`<ul><li>The authorities under it issue on as before.</li>
<li>New intermediates are requested here and signed where the key is kept.</li>
<li>Its revocation list is not renewed while the key is away.</li>
<li>Backups made until now still hold the key, sealed.</li></ul>`,
)}
${form({
  action: `${pathOf(stored.id)}/disconnect`,
  submit: 'Delete the key here',
  dangerous: true,
  cancel: { text: 'Keep it here', href: pathOf(stored.id) },
  faults,
  body: field({
    name: 'digest',
    label: 'SHA-256 of the exported file',
    hint: html`What <code>sha256sum</code> says of the copy exported last.`,
    value: values['digest'],
    autocomplete: 'off',
    code: true,
    required: true,
    maxLength: 64,
    faults,
  }),
})}`
  return { title, body, section, frame: 'full' }
}

export function reconnectPage({ stored }: LiveAuthority, faults: readonly FieldFault[]): ShellPage {
  const title = 'Bring the key of the root back'
  const body = html`${pageHeader({ title, lead: stored.name, trail: [trail, { text: stored.name, href: pathOf(stored.id) }] })}
${form({
  action: `${pathOf(stored.id)}/reconnect`,
  submit: 'Bring the key back',
  cancel: { text: 'Cancel', href: pathOf(stored.id) },
  faults,
  body: html`${textArea({ name: 'key', label: 'Private key', hint: 'PEM, as it was exported.', rows: 6, code: true, required: true, faults })}
${field({ name: 'passphrase', label: 'Passphrase', type: 'password', autocomplete: 'off', maxLength: 1024, faults })}`,
})}`
  return { title, body, section, frame: 'full' }
}

/** A request with what to do about it. */
export function requestPage(request: AuthorityRequest, values: FormValues, faults: readonly FieldFault[]): ShellPage {
  const at = `${requestsSection}/${encodeURIComponent(request.id)}`
  const body = html`${pageHeader({
    title: request.name,
    lead: html`Waits for its signature. It will issue for <code>${request.line}</code>.`,
    trail: [trail],
  })}
${command(requestJson(request).pem, 'The request, to be signed where the root is kept')}
<section aria-labelledby="signed"><h2 id="signed">Signed</h2>
${form({
  action: at,
  submit: 'Check and import',
  cancel: { text: 'Back', href: section },
  faults,
  body: html`${textArea({ name: 'certificate', label: 'Certificate', hint: 'PEM, of the key in this request.', value: values['certificate'], rows: 6, code: true, required: true, faults })}
${textArea({ name: 'chain', label: 'Chain', hint: 'PEM of those above it that are not known here.', value: values['chain'], rows: 4, code: true, faults })}`,
})}</section>
${dangerZone([{ title: 'Withdraw the request', text: 'Its key is deleted; a certificate made from it is worth nothing then.', href: `${at}/withdraw`, verb: 'Withdraw…' }])}`
  return { title: request.name, body, section, frame: 'full' }
}

export function withdrawPage(request: AuthorityRequest): ShellPage {
  const at = `${requestsSection}/${encodeURIComponent(request.id)}`
  const title = `Withdraw ${request.name}`
  const body = html`${pageHeader({ title, trail: [trail, { text: request.name, href: at }] })}
${confirmation({
  title,
  consequences: [
    'The key of this request is deleted.',
    'A certificate that was signed for it cannot be imported any more.',
  ],
  undo: 'This cannot be undone; another request can be made.',
  action: `${at}/withdraw`,
  verb: 'Withdraw the request',
  cancel: { text: 'Keep it', href: at },
})}`
  return { title, body, section, frame: 'full' }
}

function confirm(
  { stored }: LiveAuthority,
  options: {
    readonly title: string
    readonly consequences: readonly string[]
    readonly undo: string
    readonly verb: string
    readonly action: string
  },
): ShellPage {
  const at = pathOf(stored.id)
  const body = html`${pageHeader({ title: options.title, trail: [trail, { text: stored.name, href: at }] })}
${confirmation({ ...options, title: 'What happens', action: `${at}/${options.action}`, cancel: { text: 'Leave it as it is', href: at } })}`
  return { title: options.title, body, section, frame: 'full' }
}
