import { encodeSegment } from '#kit'

/** `accounts:update:{id}` with `{ id }` filled in. @throws TypeError for a parameter the path does not have */
export function fillPermission(template: string, params: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new TypeError(`permission ${template} names {${name}}, which its path does not have`)
    return encodeSegment(value)
  })
}

/** The permission's type and the one path parameter that identifies its resource, if it names one. */
export function resourceParameter(template: string): { readonly type: string; readonly parameter: string | undefined } {
  const match = /^([a-z][a-z0-9-]*):[a-z][a-z0-9-]*(?::\{(\w+)\})?$/.exec(template)
  return { type: match?.[1] ?? template.split(':')[0] ?? '', parameter: match?.[2] }
}
