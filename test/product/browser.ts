import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { connect } from 'node:tls'
import type { Browser } from 'playwright-core'

const executable = '/usr/bin/chromium'

/** Why browser tests cannot run here; `false` when they can, or must (`GATEHOUSE_REQUIRE_ALL=1`). */
export function browserMissing(): string | false {
  if (existsSync(executable) || process.env['GATEHOUSE_REQUIRE_ALL'] === '1') return false
  return 'needs the Debian package chromium'
}

/** The system's Chromium, headless. Without its sandbox only because tests may run as root. */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  return chromium.launch({
    executablePath: executable,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
}

/**
 * A browser that takes the certificate now served at `origin` for good. On a page whose certificate it merely ignores,
 * Chromium refuses passkeys.
 */
export async function openTrustingBrowser(origin: string): Promise<Browser> {
  return openBrowser([`--ignore-certificate-errors-spki-list=${await servedKey(new URL(origin))}`])
}

/** SHA-256 of the public key that is served, base64. */
function servedKey({ hostname, port }: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: Number(port), servername: hostname, rejectUnauthorized: false }
    const socket = connect(options, () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      const key = new X509Certificate(raw).publicKey.export({ format: 'der', type: 'spki' })
      resolve(createHash('sha256').update(key).digest('base64'))
    }).once('error', reject)
  })
}
