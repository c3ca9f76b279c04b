/**
 * In the order they are looked for: browsers name those they descend from as well. Each with its version where a client's
 * words hold one.
 */
const browsers: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg(?:A|iOS)?\/(\d*)/],
  ['Opera', /\bOPR\/(\d*)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d*)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d*)/],
  ['Chrome', /(?:Chrome|CriOS)\/(\d*)/],
  ['Safari', /(?:\bVersion\/(\d*).*)?\bSafari\//],
]

const systems: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Windows', /\bWindows\b/],
  ['Android', /\bAndroid\b/],
  ['iOS', /\biPhone\b|\biPad\b/],
  ['macOS', /\bMac OS X\b|\bMacintosh\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
]

/** As a client calls itself, for lists: `Firefox 143 on Linux`; the beginning of its words where they name no browser. */
export function clientInWords(client: string): string {
  const browser = browserOf(client)
  if (browser === undefined) return client.slice(0, 60)
  const { name, version } = browser
  return onSystem(version === '' ? name : `${name} ${version}`, client)
}

/**
 * What a client calls itself without its versions, so that an update is not somebody new: `Firefox on Linux`, `curl`. Shown
 * and compared, never trusted: whoever knows what somebody uses can say the same.
 */
export function clientFamily(client: string): string {
  const browser = browserOf(client)
  if (browser !== undefined) return onSystem(browser.name, client)
  const product = client.split(/[/\s(]/, 1)[0]?.slice(0, 40) ?? ''
  return product === '' ? 'a program without a name' : product
}

function browserOf(client: string): { readonly name: string; readonly version: string } | undefined {
  for (const [name, mark] of browsers) {
    const found = mark.exec(client)
    if (found !== null) return { name, version: found[1] ?? '' }
  }
  return undefined
}

function onSystem(browser: string, client: string): string {
  const system = systems.find(([, mark]) => mark.test(client))?.[0]
  return system === undefined ? browser : `${browser} on ${system}`
}
