import type { Profile } from '#identity'

/**
 * A value as a header carries it: printable ASCII, everything else and `%` as percent-encoded UTF-8, so that decoding
 * (`decodeURIComponent`) always gives the text back and no byte of it can end a header line.
 */
export function headerText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\u0020-\u0024\u0026-\u007e]+/g, encodeURIComponent)
}

/** Group names joined by commas; a comma inside a name is encoded. */
export function headerList(names: readonly string[]): string {
  return names.map((name) => headerText(name).replaceAll(',', '%2C')).join(',')
}

/** `Remote-*` for an account, names and values in turn. Empty values are sent too: their absence must not be guessed at. */
export function remoteHeaders(profile: Profile, groups: readonly string[]): string[] {
  return [
    'remote-user',
    headerText(profile.handle),
    'remote-name',
    headerText(profile.displayName),
    'remote-email',
    headerText(profile.email ?? ''),
    'remote-groups',
    headerList(groups),
  ]
}
