import type { FieldFault, ShellPage } from '#platform'
import {
  button,
  command,
  emptyState,
  exactTime,
  facts,
  form,
  type Html,
  html,
  notice,
  pageHeader,
  table,
  textArea,
  time,
} from '#platform/ui'
import { pathOf, section, trail } from '../authorities/views/authorities.ts'
import { listRequestFiles, signingCommand } from '../revoke/list-request-files.ts'
import type { ImportedList, ListRequest } from '../revoke/offline-lists.ts'

/** What is to be signed where the key is, and the way back in. */
export function offlineListPage(
  request: ListRequest,
  typed: string,
  faults: readonly FieldFault[],
  now: number,
): ShellPage {
  const { authority, number, revoked, served } = request
  const { id, name } = authority.stored
  const title = 'Revocation list'
  const body = html`${pageHeader({
    title,
    lead: `The key of ${name} is elsewhere, so its list is signed there and brought here.`,
    trail: [trail, { text: name, href: pathOf(id) }],
  })}
${facts([
  { term: 'Served now', value: served === undefined ? 'none' : `number ${served.number}` },
  ...(served === undefined ? [] : [{ term: 'It ends', value: time(served.nextUpdate, now) }]),
  { term: 'Number of the next, at least', value: String(number) },
])}
${table({
  caption: 'What the next list must revoke',
  columns: [
    { title: 'Authority', role: 'name', cell: (one) => one.name ?? 'a certificate' },
    { title: 'Serial', cell: ({ serial }) => html`<code>${serial}</code>` },
    { title: 'Revoked', cell: ({ revokedAt }) => exactTime(revokedAt) },
    { title: 'Reason', cell: ({ reason }) => reason },
  ],
  rows: revoked,
  empty: emptyState({
    title: 'Nothing is revoked',
    text: 'The list is needed all the same: it says that nothing below this authority is revoked.',
  }),
})}
<section aria-labelledby="sign"><h2 id="sign">Sign it with OpenSSL</h2>
<p>Put these files beside the certificate (<code>authority.pem</code>) and the key (<code>key.pem</code>) into one folder. The command line writes them:</p>
${command(`gatehouse pki crl request ${id} --out list-request`, 'Write the files')}
${command(signingCommand, 'Sign, where the key is')}
${Object.entries(listRequestFiles(request)).map(([file, text]) => (text === '' ? html`<p><code>${file}</code> is empty.</p>` : command(text, file)))}</section>
<h2>Bring it here</h2>
${form({
  action: `${pathOf(id)}/revocation-list`,
  submit: 'Check the list and serve it',
  cancel: { text: 'Cancel', href: pathOf(id) },
  faults,
  body: textArea({
    name: 'list',
    label: 'Signed list',
    hint: 'PEM. Its signature, number, dates and entries are checked first.',
    value: typed,
    rows: 8,
    code: true,
    required: true,
    faults,
  }),
})}
${command(`gatehouse pki crl import ${id} list.pem`, 'The same in a terminal')}`
  return { title, body, section, frame: 'full' }
}

/** What was taken in. */
export function importedListPage(list: ImportedList, now: number): ShellPage {
  const { authority, number, entries, nextUpdate, notRevokedHere } = list
  const { id, name } = authority.stored
  const title = 'The list is served'
  const body = html`${pageHeader({ title, lead: name, trail: [trail, { text: name, href: pathOf(id) }] })}
${facts([
  { term: 'Number', value: String(number) },
  { term: 'Certificates it revokes', value: String(entries) },
  { term: 'It ends', value: html`${exactTime(nextUpdate)} (${time(nextUpdate, now)})` },
])}
${notRevokedHere.length > 0 && others(notRevokedHere)}
<p>${button({ text: 'Back to the authority', href: pathOf(id) }, 'plain')}</p>`
  return { title, body, section, frame: 'full' }
}

function others(names: readonly string[]): Html {
  return notice(
    'warning',
    'It revokes what is not revoked here',
    html`<p>Others refuse these from now on, Gatehouse does not until you revoke them here too:</p><ul>${names.map((name) => html`<li><code>${name}</code></li>`)}</ul>`,
  )
}
