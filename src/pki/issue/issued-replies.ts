import type { Reply } from '#platform'
import { issuedPage } from '../views/issue-page.ts'
import type { Filled } from './orders.ts'
import { chainPem, deliveryView, issuedView } from './wire.ts'

const unstored = { 'Cache-Control': 'no-store' }

/** What the API answers of a certificate that was made, with its key where that was made here. @param more of the body */
export function issuedReply(made: Filled, more: Readonly<Record<string, unknown>> = {}): Reply {
  const { record, delivery } = made
  return {
    kind: 'json',
    status: 201,
    body: { ...issuedView(made), ...deliveryView(delivery), ...more },
    headers: { ...unstored, Location: `/api/v1/certificates/${record.id}` },
    ...(delivery === undefined ? {} : { unrepeatable: true }),
  }
}

/** The page that shows the key made here, this once; without one, the way to the certificate's own. */
export function issuedPageReply({ record, issuer, delivery }: Filled): Reply {
  if (delivery === undefined) return { kind: 'redirect', location: `/certificates/${record.id}` }
  const body = issuedPage({ record, chain: chainPem(record, issuer.chain), delivery })
  const page = { title: 'Certificate issued', body, section: '/certificates', frame: 'full' } as const
  return { kind: 'page', page, headers: unstored }
}
