import { html } from '#platform/ui'
import type { Way } from '../credentials/ways.ts'

const link = (purpose: 'prove' | 'second', to: string) => {
  const href = `/sign-in/certificate?${new URLSearchParams({ for: purpose, to })}`
  return html`<p><a class="button plain" href="${href}">Use a client certificate</a></p>`
}

/** Client certificates on the pages all kinds share. They are made, renewed, reset and revoked among the certificates. */
export const certificateWay: Way = {
  kind: 'certificate',
  add: {
    text: 'Get a client certificate',
    hint: 'For browsers and programs that prove themselves in the TLS handshake. Made, reset and revoked among the certificates.',
    href: '/certificates/new',
    permission: 'certificate-profiles:read',
  },
  again: (_parts, _ctx, { to }) => link('prove', to),
  second: (_parts, _ctx, { to }) => link('second', to),
}
