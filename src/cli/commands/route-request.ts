import {
  type RouteView,
  secretHeaderBody,
  secretHeaderList,
  secretHeaderView,
  settingsDefaults,
} from '#gateway/contract'
import { connect } from '../client.ts'
import { headersIn, judged } from '../input.ts'
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

function headersOf(lines: readonly string[] | false): Readonly<Record<string, string>> {
  return lines === false ? {} : headersIn(lines, 'X-User: {handle}')
}

/** What is unusual of it, in lines for `routes show`. */
export function requestFacts({ request }: RouteView): [string, string | undefined][] {
  const { identityHeaders, assertion, setHeaders, removeHeaders, rewritePrefix } = request
  const usual = linesOf(identityHeaders) === linesOf(settingsDefaults.request.identityHeaders)
  return [
    ['Told who came', usual ? undefined : linesOf(identityHeaders) || 'nothing'],
    ['Assertion', assertion ? undefined : 'none is sent'],
    ['Headers set', linesOf(setHeaders) || undefined],
    ['Headers kept back', removeHeaders.join(', ') || undefined],
    ['Path for the app', rewritePrefix === '' ? undefined : `${rewritePrefix} in place of the route's`],
  ]
}

function linesOf(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
}

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
