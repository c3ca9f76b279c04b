/** Templates of identity headers: text with placeholders. No Node here: contract, CLI and pages share it. */

/** What a template may say of whoever came. */
export const placeholders = {
  id: 'the account, device or service: acc_…; it never changes',
  handle: 'the name to sign in with; device/NAME and service/NAME for those',
  name: 'the display name',
  email: 'the e-mail address, empty where there is none',
  groups: 'names of groups, nested ones included, joined by commas',
  credential: 'the kind of credential: passkey, token, certificate',
  session: 'the session in the app, empty for tokens and certificates',
} as const

export type Placeholder = keyof typeof placeholders
export type TemplateValues = Readonly<Record<Placeholder, string>>

/** A template, taken apart. */
export type Template = readonly (string | { readonly placeholder: Placeholder })[]

/** Why a text is no template, or `undefined`. */
export function templateFault(text: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(text) || text !== text.trim()) return 'printable ASCII without spaces around it'
  const rest = text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) =>
    Object.hasOwn(placeholders, name) ? '' : whole,
  )
  const unknown = /\{[^{}]*\}/.exec(rest)?.[0]
  if (unknown !== undefined) {
    return `${unknown} is none of ${Object.keys(placeholders)
      .map((name) => `{${name}}`)
      .join(' ')}`
  }
  return /[{}]/.test(rest) ? 'a brace that belongs to no placeholder' : undefined
}

/** @throws TypeError for a text with a `templateFault` */
export function parseTemplate(text: string): Template {
  const fault = templateFault(text)
  if (fault !== undefined) throw new TypeError(`no template: ${fault}`)
  return text.split(/(\{[a-z]+\})/).flatMap((part): Template => {
    if (part === '') return []
    return part.startsWith('{') ? [{ placeholder: part.slice(1, -1) as Placeholder }] : [part]
  })
}

/** @param values already as a header carries them: no byte of one can end the line */
export function fillTemplate(template: Template, values: TemplateValues): string {
  return template.map((part) => (typeof part === 'string' ? part : values[part.placeholder])).join('')
}
