import { form, type Html, html, pageHeader, select } from '#platform/ui'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'

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
  body: select({
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
  }),
})}</section>`
}
