import type { Profile } from '#identity'
import type { Actor } from '#kit'
import type { RequestRules } from '../request/request-rules.ts'
import { fillTemplate } from '../request/templates.ts'

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

/** Whom headers tell of. */
export interface Told {
  readonly profile: Profile
  readonly groups: readonly string[]
  readonly actor: Actor
}

/**
 * Headers by a route's templates, names and values in turn. Empty values are sent too: their absence must not be guessed at.
 */
export function identityHeaders(headers: RequestRules['identity'], { profile, groups, actor }: Told): string[] {
  const values = {
    id: headerText(profile.id),
    handle: headerText(profile.handle),
    name: headerText(profile.displayName),
    email: headerText(profile.email ?? ''),
    groups: headerList(groups),
    credential: headerText(actor.credential?.kind ?? ''),
    session: headerText(actor.session?.id ?? ''),
  }
  return headers.flatMap(({ name, template }) => [name, fillTemplate(template, values)])
}
