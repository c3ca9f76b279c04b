import type { ShellPage } from '#platform'
import { form, hidden, html, link, nothing, notice, pageHeader } from '#platform/ui'
import type { CertificatePurpose } from './certificate-sign-in.ts'

export interface CertificatePageView {
  readonly to: string
  readonly purpose: CertificatePurpose
  /** `none`: the browser showed no certificate. */
  readonly fault: 'none' | 'refused' | undefined
}

const faults = {
  none: {
    title: 'The browser showed no certificate',
    text: 'It has none from this Gatehouse, or none was chosen. Import one first, then close all windows of the browser and try again: browsers remember that none was chosen.',
  },
  refused: {
    title: 'Not signed in',
    text: 'The certificate proves nothing here, may not be used from here, or too much time passed. Nothing was changed; try again.',
  },
} as const

/** Before the browser asks which certificate to show. */
export function certificatePage({ to, purpose, fault }: CertificatePageView): ShellPage {
  const body = html`${pageHeader({
    title: purpose === 'prove' ? 'Prove yourself with a certificate' : 'Sign in with a certificate',
    lead: 'The browser will ask which client certificate to show, and comes back here.',
  })}
${fault === undefined ? nothing : notice('refused', faults[fault].title, faults[fault].text)}
${form({
  action: '/sign-in/certificate',
  submit: 'Choose a certificate',
  cancel: { text: 'Another way', href: purpose === 'prove' ? '/account/prove' : '/sign-in' },
  body: html`${hidden('for', purpose)}${to === '/' ? nothing : hidden('to', to)}`,
})}`
  return { title: 'Sign in with a certificate', body, frame: 'bare' }
}

/** Leads to the host that asks for a certificate. */
export function toCertificateHostPage(location: string): ShellPage {
  const lead = html`The browser asks which certificate to show. ${link({ text: 'Go on', href: location })}`
  return { title: 'To the certificate', body: pageHeader({ title: 'To the certificate', lead }), frame: 'bare' }
}
