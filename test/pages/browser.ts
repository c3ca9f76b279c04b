/** The system's Chromium, told to leave the network and the machine alone. */
export const browserPath = '/usr/bin/chromium'

export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const
