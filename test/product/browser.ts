import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

const executable = '/usr/bin/chromium'

/** Why browser tests cannot run here; `false` when they can, or must (`GATEHOUSE_REQUIRE_ALL=1`). */
export function browserMissing(): string | false {
  if (existsSync(executable) || process.env['GATEHOUSE_REQUIRE_ALL'] === '1') return false
  return 'needs the Debian package chromium'
}

/** The system's Chromium, headless. Without its sandbox only because tests may run as root. */
export async function openBrowser(): Promise<Browser> {
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
    ],
  })
}
