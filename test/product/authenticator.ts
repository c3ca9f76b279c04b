import type { CDPSession, Page } from 'playwright-core'

/**
 * A virtual authenticator in one page's browser: a device with a fingerprint reader, or a security key that only sees a
 * touch. Somebody is always there to touch it.
 */
export interface Authenticator {
  /** How many passkeys it holds. */
  count(): Promise<number>
  /** Takes it away; what it held is gone. */
  remove(): Promise<void>
}

export async function addAuthenticator(page: Page, verifies = true): Promise<Authenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: verifies ? 'internal' : 'usb',
      hasResidentKey: verifies,
      hasUserVerification: verifies,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  })
  return {
    count: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
    remove: async () => {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    },
  }
}
