import { mayPass } from '../proxy/request-headers.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { canonicalName } from './header-names.ts'
import { literalPrefix, prefixRewrite, type Rewrite } from './rewrite.ts'
import { parseTemplate, type Template } from './templates.ts'

/** What of a client's request reaches a route's app, and what is said instead: prepared once. */
export interface RequestRules {
  /** Names and values in turn of what is the same for every request. */
  readonly fixed: readonly string[]
  /** Of these, what the route sets itself: another proxy that carries the request has to be told. */
  readonly set: readonly string[]
  /** Lower-case names under which the app gets nothing of the client's, beside those that never pass. */
  readonly names: readonly string[]
  /** Whether a header of the client's may pass under this name (lower case). */
  readonly mayPass: (name: string) => boolean
  readonly passesCookies: boolean
  readonly passesAuthorization: boolean
  readonly rewrite: Rewrite | undefined
  readonly identity: readonly { readonly name: string; readonly template: Template }[]
  readonly assertion: boolean
}

/** @param secrets sealed headers, opened; they come before what is set openly under the same name */
export function requestRulesOf(
  { path, request }: Pick<GatewayRoute, 'path' | 'request'>,
  secrets: ReadonlyMap<string, string>,
): RequestRules {
  const { identityHeaders, assertion, setHeaders, removeHeaders, rewritePrefix } = request
  const set = new Map<string, readonly [name: string, value: string]>()
  for (const [name, value] of [...Object.entries(setHeaders), ...secrets]) {
    set.set(canonicalName(name), [name.toLowerCase(), value])
  }
  const identity = Object.entries(identityHeaders)
    .filter(([name]) => !set.has(canonicalName(name)))
    .map(([name, text]) => ({ name: name.toLowerCase(), template: parseTemplate(text) }))
  // whether anybody was proven or not: a header that says who came is never the client's
  const ours = [...removeHeaders, ...Object.keys(identityHeaders)].map(canonicalName).concat([...set.keys()])
  const prefix = literalPrefix(path)
  const said = [...set.values()].flat()
  return {
    set: said,
    names: [...removeHeaders, ...Object.keys(identityHeaders), ...[...set.values()].map(([name]) => name)].map((name) =>
      name.toLowerCase(),
    ),
    fixed: [...said, ...(rewritePrefix === '' || prefix === '' ? [] : ['x-forwarded-prefix', prefix])],
    mayPass: without(ours),
    passesCookies: !ours.includes('cookie'),
    passesAuthorization: !ours.includes('authorization'),
    rewrite: rewritePrefix === '' ? undefined : prefixRewrite(path, rewritePrefix),
    identity,
    assertion,
  }
}

const maxVerdicts = 500

/** `mayPass` without some more canonical names; what never passes anyhow costs nothing. */
function without(names: readonly string[]): (name: string) => boolean {
  const further = new Set(names.filter((name) => mayPass(name)))
  if (further.size === 0) return mayPass
  const verdicts = new Map<string, boolean>()
  return (name) => {
    const known = verdicts.get(name)
    if (known !== undefined) return known
    const verdict = mayPass(name) && !further.has(canonicalName(name))
    // names are the client's to choose: the memory of them is bounded
    if (verdicts.size < maxVerdicts && name.length <= 64) verdicts.set(name, verdict)
    return verdict
  }
}
