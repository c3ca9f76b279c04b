import type { FieldFault } from '#platform'
import { exactTime, form, type Html, html, pageHeader } from '#platform/ui'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'
import type { FormValues } from '../issue/key-form.ts'
import { keyFields } from './issue-page.ts'

export interface ResetPageData {
  readonly record: CertificateRecord
  /** How many that were renewed from it go with it. */
  readonly renewed: number
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
}

/** Says what resetting does before it is done. */
export function resetPage({ record, renewed, values, faults }: ResetPageData): Html {
  const href = `/certificates/${record.id}`
  return html`${pageHeader({
    title: `Reset ${titleOf(record)}`,
    trail: [
      { text: 'Certificates', href: '/certificates' },
      { text: titleOf(record), href },
    ],
    lead: 'A certificate of a new key takes its place.',
  })}
<section class="confirmation" aria-labelledby="what"><h2 id="what">What happens</h2><ul>
<li>The one there is now is refused from its next use on: here, on connections and WebSockets that are open, and by whoever asks our revocation lists or OCSP.</li>
<li>Sessions that rest on it end at once; if you signed in with it, this one too.</li>
${renewed > 0 && html`<li>${renewed === 1 ? 'One certificate that was renewed from it goes' : `${renewed} certificates that were renewed from it go`} with it.</li>`}
<li>The new one has the same holder, names and limits, and ends no later than this: ${exactTime(record.notAfter)}.</li>
</ul><p><strong>This cannot be undone.</strong></p>
${form({
  action: `${href}/reset`,
  submit: 'Reset the certificate',
  dangerous: true,
  cancel: { text: 'Cancel', href },
  faults,
  body: keyFields(values, faults, record.subject === '' ? 'example' : record.subject),
})}</section>`
}
