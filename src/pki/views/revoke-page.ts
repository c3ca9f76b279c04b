import { form, type Html, hidden, html, pageHeader, select } from '#platform/ui'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'
import { certificatesPath, pathOf } from './holders.ts'

export interface RevokePageData {
  readonly record: CertificateRecord
  /** How many that were renewed from it go with it. */
  readonly renewed: number
  /** How many more of the same key go with it when that is compromised. */
  readonly sameKey: number
}

/** Says what revoking does before it is done. */
export function revokePage({ record, renewed, sameKey }: RevokePageData): Html {
  const href = `/certificates/${record.id}`
  const others = (count: number): string => (count === 1 ? 'one more certificate' : `${count} more certificates`)
  return html`${pageHeader({
    title: `Revoke ${titleOf(record)}`,
    trail: [
      { text: 'Certificates', href: '/certificates' },
      { text: titleOf(record), href },
    ],
  })}
<section class="confirmation" aria-labelledby="what"><h2 id="what">What happens</h2><ul>
<li>From its next use on it is refused: here, on connections and WebSockets that are open, and by whoever asks our revocation lists or OCSP.</li>
${renewed > 0 && html`<li>${others(renewed)} renewed from it ${renewed === 1 ? 'goes' : 'go'} with it, unless the reason is “superseded”.</li>`}
${sameKey > 0 && html`<li>If the key is in other hands, ${others(sameKey)} of the same key ${sameKey === 1 ? 'goes' : 'go'} too.</li>`}
${record.host !== undefined && html`<li>A new one with a new key is served for <code>${record.host}</code> at once.</li>`}
</ul><p><strong>This cannot be undone.</strong></p>
${form({
  action: `${href}/revoke`,
  submit: 'Revoke it for good',
  dangerous: true,
  cancel: { text: 'Cancel', href },
  body: reasonField,
})}</section>`
}

const reasonField = select({
  name: 'reason',
  label: 'Reason',
  required: true,
  value: 'unspecified',
  choices: [
    { value: 'unspecified', text: 'None given' },
    { value: 'keyCompromise', text: 'The key is, or may be, in other hands' },
    { value: 'cessationOfOperation', text: 'It is no longer used' },
    { value: 'superseded', text: 'Another took its place' },
    { value: 'affiliationChanged', text: 'Its holder changed' },
    { value: 'privilegeWithdrawn', text: 'Its holder may no longer' },
  ],
})

export interface RevokeAllPageData {
  readonly holderId: string
  readonly name: string
  /** It is a device or service with a page of its own. */
  readonly isKnown: boolean
  /** How many stand. */
  readonly count: number
}

/** What to do about a lost device, said before it is done. */
export function revokeAllPage({ holderId, name, isKnown, count }: RevokeAllPageData): Html {
  const href = isKnown ? pathOf(holderId) : certificatesPath(holderId)
  const all = count === 1 ? 'Its one certificate' : `All ${count} of its certificates`
  return html`${pageHeader({
    title: `Revoke the certificates of ${name}`,
    trail: [
      { text: 'Certificates', href: '/certificates' },
      { text: name, href },
    ],
  })}
<section class="confirmation" aria-labelledby="what"><h2 id="what">What happens</h2><ul>
${
  count === 0
    ? html`<li>It has none that stands: nothing changes.</li>`
    : html`<li>${all} ${count === 1 ? 'is' : 'are'} refused from the next use on: here, on connections and WebSockets that are open, and by whoever asks our revocation lists or OCSP.</li>
<li>If the keys are in other hands, they are certified no more.</li>`
}
<li>${name} stays, with its roles and grants, and can get another certificate.</li>
</ul><p><strong>This cannot be undone.</strong></p>
${form({
  action: '/certificates/revoke-all',
  submit: count === 1 ? 'Revoke it for good' : `Revoke ${count} for good`,
  dangerous: true,
  cancel: { text: 'Cancel', href },
  body: html`${hidden('holder', holderId)}${reasonField}`,
})}</section>`
}

/** The same about whoever looks. */
export function revokeOwnPage(count: number): Html {
  const all = count === 1 ? 'Your one certificate is' : `All ${count} of your certificates are`
  return html`${pageHeader({ title: 'Revoke your certificates', trail: [{ text: 'Certificates', href: '/certificates' }] })}
<section class="confirmation" aria-labelledby="what"><h2 id="what">What happens</h2><ul>
${
  count === 0
    ? html`<li>You have none that stands: nothing changes.</li>`
    : html`<li>${all} refused from the next use on, on connections that are open and sessions opened by them too.</li>
<li>You stay, with your roles, and sign in by your other credentials.</li>`
}
</ul><p><strong>This cannot be undone.</strong></p>
${form({
  action: '/certificates/revoke-own',
  submit: count === 1 ? 'Revoke it for good' : `Revoke ${count} for good`,
  dangerous: true,
  cancel: { text: 'Cancel', href: '/certificates' },
  body: reasonField,
})}</section>`
}
