/** In the order they are looked for: browsers name the engines they are made of as well. */
const browsers: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const systems: readonly (readonly [mark: RegExp, name: string])[] = [
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPad\b/, 'iOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/**
 * What a client calls itself without its versions, so that an update is not somebody new: `Firefox on Linux`, `curl`. Shown
 * and compared, never trusted: whoever knows what somebody uses can say the same.
 */
export function clientFamily(client: string): string {
  const browser = browsers.find(([mark]) => mark.test(client))?.[1]
  const system = systems.find(([mark]) => mark.test(client))?.[1]
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`
  const product = client.split(/[/\s(]/, 1)[0]?.slice(0, 40) ?? ''
  return product === '' ? 'a program without a name' : product
}
