/** Names that mean something else in the journal. */
const reserved = new Set(['anonymous', 'system', 'local', 'gatehouse'])

/**
 * The one form of a typed handle. Sign-in, look-up and every counter use it, so that spellings of one name (case,
 * spaces, full-width letters, invisible characters) can never be told apart by one part and confused by another.
 */
export function foldHandle(typed: string): string {
  // composed at last, too: what is taken away may have stood between a letter and its accent
  return typed
    .slice(0, 1024)
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .replaceAll(/[\p{White_Space}\p{Cf}\p{Cc}]/gu, '')
    .normalize('NFKC')
}

/**
 * Judges a handle for a new account: `undefined` when it may be taken, otherwise one sentence saying why not. Upper case
 * is folded before this; every other difference from the folded form is refused, not repaired, because people would
 * remember what they typed and not what was kept.
 */
export function handleFault(handle: string): string | undefined {
  if (foldHandle(handle) !== handle.toLowerCase()) return 'Use plain letters and digits, without spaces.'
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/.test(handle.toLowerCase())) {
    return 'Use 1 to 64 letters a–z, digits, dots and hyphens; begin and end with a letter or digit.'
  }
  return reserved.has(handle.toLowerCase()) ? 'This name is kept for Gatehouse itself.' : undefined
}
