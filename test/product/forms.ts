/** A field as a browser has it. */
export interface FormField {
  readonly kind: string
  readonly name: string
  /** As the page sets it; of a choice, what it sends when it is ticked. */
  readonly value: string
  /** Sent as it is: not a choice that is not ticked. */
  readonly sent: boolean
  /** Characters that can be typed; `undefined` when the field says none. */
  readonly longest: number | undefined
}

export interface PageForm {
  readonly action: string
  readonly method: string
  readonly fields: readonly FormField[]
}

/** The forms of a page of ours, whose markup is regular: written by `ui-kit`, every attribute in double quotes. */
export function formsOf(markup: string): readonly PageForm[] {
  return [...markup.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', inner = '']) => {
    const attributes = attributesOf(head)
    return {
      action: attributes.get('action') ?? '',
      method: attributes.get('method') ?? 'get',
      fields: fieldsIn(inner),
    }
  })
}

/** What a browser sends of a form that nobody touched; a field without a name is for a script alone. */
export function untouched({ fields }: PageForm): readonly (readonly [string, string])[] {
  return fields.filter(({ name, sent }) => sent && name !== '').map(({ name, value }) => [name, value])
}

/** Addresses of this site that a page links to, without fragments. */
export function linksIn(markup: string): readonly string[] {
  return [...markup.matchAll(/\bhref="(\/[^"#]*)/g)].map(([, href = '']) => unescaped(href))
}

function fieldsIn(markup: string): readonly FormField[] {
  const pieces = /<input\b([^>]*)>|<textarea\b([^>]*)>\n?([^<]*)<\/textarea>|<select\b([^>]*)>(.*?)<\/select>/gs
  return [...markup.matchAll(pieces)].map(([, input, area, text = '', select, options = '']) => {
    const attributes = attributesOf(input ?? area ?? select ?? '')
    const kind =
      area === undefined ? (select === undefined ? (attributes.get('type') ?? 'text') : 'select') : 'textarea'
    const longest = attributes.get('maxlength')
    return {
      kind,
      name: attributes.get('name') ?? '',
      value:
        area === undefined
          ? select === undefined
            ? (attributes.get('value') ?? '')
            : chosen(options)
          : unescaped(text),
      sent: !['checkbox', 'radio'].includes(kind) || attributes.has('checked'),
      longest: longest === undefined ? undefined : Number(longest),
    }
  })
}

function chosen(options: string): string {
  const all = [...options.matchAll(/<option\b([^>]*)>/g)].map(([, head = '']) => attributesOf(head))
  return (all.find((option) => option.has('selected')) ?? all[0])?.get('value') ?? ''
}

function attributesOf(head: string): ReadonlyMap<string, string> {
  return new Map(
    [...head.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [name, unescaped(value)]),
  )
}

function unescaped(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replaceAll(/&([a-z]+|#\d+);/g, (whole, name: string) => names[name] ?? whole)
}
