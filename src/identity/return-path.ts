const nowhere = 'https://console.invalid'

/**
 * A path of the console's own origin to go on to after signing in; `/` for anything else. Refused: other origins,
 * `//host` and `/\host` in any spelling (dot segments that collapse into one included), backslashes, control characters.
 */
export function returnPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > 2048 || !/^\/[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return '/'
  const url = URL.parse(wanted, nowhere)
  if (url === null || url.origin !== nowhere || url.username !== '' || url.password !== '') return '/'
  // parsing resolved dot segments: `/.//host` has become `//host`, which a Location header would send elsewhere
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search + url.hash
}
