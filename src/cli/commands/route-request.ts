import { type RouteView, secretHeaderBody, secretHeaderList, secretHeaderView } from '#gateway/contract'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { print, readSecretLine } from '../terminal.ts'
import { table, time } from '../text.ts'

/** What the app behind a route is told. */
export interface RequestOptions {
  /** `false`: none. */
  readonly identityHeader?: readonly string[] | false
  readonly assertion?: boolean
  readonly setHeader?: readonly string[] | false
  readonly removeHeader?: readonly string[] | false
  readonly rewritePrefix?: string | false
}

/** The member `request` of a body, if any option names something of it. */
export function requestShapeOf(options: RequestOptions): Readonly<Record<string, unknown>> {
  const { identityHeader, assertion, setHeader, removeHeader, rewritePrefix } = options
  const request = {
    ...(identityHeader === undefined ? {} : { identityHeaders: headersOf(identityHeader) }),
    ...(assertion === undefined ? {} : { assertion }),
    ...(setHeader === undefined ? {} : { setHeaders: headersOf(setHeader) }),
    ...(removeHeader === undefined ? {} : { removeHeaders: removeHeader === false ? [] : removeHeader }),
    ...(rewritePrefix === undefined ? {} : { rewritePrefix: rewritePrefix === false ? '' : rewritePrefix }),
  }
  return Object.keys(request).length === 0 ? {} : { request }
}

/** `X-User: {handle}` each. */
function headersOf(lines: readonly string[] | false): Readonly<Record<string, string>> {
  if (lines === false) return {}
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      if (colon < 1) throw wrongUsage(`Not a header: ${line}. Write "X-User: {handle}".`)
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    }),
  )
}

/** What is unusual of it, in lines for `routes show`. */
export function requestFacts({ request }: RouteView): [string, string | undefined][] {
  const { identityHeaders, assertion, setHeaders, removeHeaders, rewritePrefix } = request
  const lines = (headers: Readonly<Record<string, string>>) =>
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')
  const usual = lines(identityHeaders) === usualHeaders
  return [
    ['Told who came', usual ? undefined : lines(identityHeaders) || 'nothing'],
    ['Assertion', assertion ? undefined : 'none is sent'],
    ['Headers set', lines(setHeaders) || undefined],
    ['Headers kept back', removeHeaders.join(', ') || undefined],
    ['Path for the app', rewritePrefix === '' ? undefined : `${rewritePrefix} in place of the route's`],
  ]
}

const usualHeaders = 'Remote-User: {handle}, Remote-Name: {name}, Remote-Email: {email}, Remote-Groups: {groups}'

export async function listSecretHeaders(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', pathOf(name), secretHeaderList)
  print(options, raw, () =>
    data.items.length === 0
      ? 'The app gets no secret header.'
      : table(
          ['HEADER', 'SET'],
          data.items.map((one) => [one.name, time(one.setAt)]),
        ),
  )
}

export async function setSecretHeader(name: string, header: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const body = judged(secretHeaderBody, { value: await readSecretLine() })
  const path = `${pathOf(name)}/${encodeURIComponent(header)}`
  const { data, raw } = await client.call('PUT', path, secretHeaderView, { body })
  print(options, raw, () => `The app of ${name} gets ${data.name} from now on. Nobody is shown its value again.`)
}

export async function clearSecretHeader(name: string, header: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  await client.send('DELETE', `${pathOf(name)}/${encodeURIComponent(header)}`, {})
  print(options, { cleared: header.toLowerCase() }, () => `The app of ${name} no longer gets ${header.toLowerCase()}.`)
}

function pathOf(name: string): string {
  return `/api/v1/routes/${encodeURIComponent(name)}/secret-headers`
}
