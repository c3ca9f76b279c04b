const days = 180

/**
 * `/.well-known/security.txt` after RFC 9116: Contact and Expires are its two required fields. It expires half a year
 * after the day it is asked for, within the year §2.5.5 recommends; it is made anew each time, so it never goes stale.
 */
export function securityTxt(options: {
  readonly contact: string
  readonly origin: string
  readonly now: number
}): string {
  const day = 86_400_000
  const expires = new Date((Math.floor(options.now / day) + days) * day).toISOString()
  return [
    `Contact: ${options.contact}`,
    `Expires: ${expires}`,
    'Preferred-Languages: en',
    `Canonical: ${options.origin}/.well-known/security.txt`,
    '',
  ].join('\n')
}
