import { type RouteView, settingsDefaults } from '#gateway/contract'
import { bytesText, parseBytes, parseDuration } from '#kit'
import { wrongUsage } from '../failure.ts'
import { headersIn, milliseconds } from '../input.ts'

/** What a route's answers gain and how much it takes, as options. */
export interface DefenceOptions {
  readonly preset?: string
  /** False for `--no-answer-header`, `--no-hide-header`. */
  readonly answerHeader?: readonly string[] | false
  readonly hideHeader?: readonly string[] | false
  readonly cookieDomain?: string
  readonly corsOrigin?: readonly string[]
  readonly corsMethod?: readonly string[]
  readonly corsHeader?: readonly string[]
  readonly corsExpose?: readonly string[]
  readonly corsCredentials?: boolean
  readonly corsMaxAge?: string
  /** False for `--no-cors`. */
  readonly cors?: boolean
  /** False for `--no-max-body` and so on. */
  readonly maxBody?: string | false
  readonly maxHeaders?: string | false
  readonly rate?: string | false
  readonly rateBurst?: string
  readonly rateBy?: string
}

/** The members of a route's `response` and `limits` that the options name; nothing where they name none. */
export function defenceShapeOf(options: DefenceOptions): Readonly<Record<string, unknown>> {
  const response = responseOf(options)
  const limits = limitsOf(options)
  return {
    ...(Object.keys(response).length === 0 ? {} : { response }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  }
}

function responseOf(options: DefenceOptions): Readonly<Record<string, unknown>> {
  const { preset, answerHeader, hideHeader, cookieDomain } = options
  const setHeaders = answerHeader === false ? {} : answerHeader && headersIn(answerHeader, 'X-Robots-Tag: noindex')
  const removeHeaders = hideHeader === false ? [] : hideHeader
  const cors = options.cors === false ? null : corsOf(options)
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(setHeaders === undefined ? {} : { setHeaders }),
    ...(removeHeaders === undefined ? {} : { removeHeaders }),
    ...(cookieDomain === undefined ? {} : { cookieDomain }),
    ...(cors === undefined ? {} : { cors }),
  }
}

/** A list of origins is given as a whole: who may read answers should stand in one place. */
function corsOf(options: DefenceOptions): Readonly<Record<string, unknown>> | undefined {
  const { corsOrigin: origins, corsMethod: methods, corsHeader: headers } = options
  const { corsExpose, corsCredentials, corsMaxAge } = options
  if (origins === undefined) {
    if (methods ?? headers ?? corsExpose ?? corsCredentials ?? corsMaxAge) {
      throw wrongUsage('Name the origins too, with --cors-origin: the list is given as a whole.')
    }
    return undefined
  }
  return {
    origins,
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers }),
    ...(corsExpose === undefined ? {} : { exposeHeaders: corsExpose }),
    ...(corsCredentials === undefined ? {} : { credentials: corsCredentials }),
    ...(corsMaxAge === undefined ? {} : { maxAgeSeconds: milliseconds(corsMaxAge) / 1_000 }),
  }
}

function limitsOf(options: DefenceOptions): Readonly<Record<string, unknown>> {
  const { maxBody, maxHeaders } = options
  const rate = options.rate === false ? null : rateOf(options)
  return {
    ...(maxBody === undefined ? {} : { bodyBytes: bytesOf(maxBody) }),
    ...(maxHeaders === undefined ? {} : { headerBytes: bytesOf(maxHeaders) }),
    ...(rate === undefined ? {} : { rate }),
  }
}

function bytesOf(text: string | false): number | null {
  if (text === false) return null
  const bytes = parseBytes(text)
  if (bytes === undefined) throw wrongUsage(`Not a size: ${text}. Write 500kB, 10MB or 2GB.`)
  return bytes
}

/** `600/1m` */
function rateOf({ rate, rateBurst, rateBy }: DefenceOptions): Readonly<Record<string, unknown>> | undefined {
  if (rate === undefined || rate === false) {
    if (rateBurst ?? rateBy) throw wrongUsage('Name the rate too, with --rate: the limit is given as a whole.')
    return undefined
  }
  const [requests = '', time = ''] = rate.split('/', 2)
  const ms = parseDuration(time)
  if (!/^\d{1,9}$/.test(requests) || ms === undefined || ms % 1_000 !== 0) {
    throw wrongUsage(`Not a rate: ${rate}. Write 600/1m, 10/1s or 1000/1h.`)
  }
  return {
    requests: Number(requests),
    perSeconds: ms / 1_000,
    ...(rateBurst === undefined ? {} : { burst: Number(rateBurst) }),
    ...(rateBy === undefined ? {} : { by: rateBy }),
  }
}

/** Rows about it; only what is not as by default. */
export function defenceFacts({ response, limits }: RouteView): readonly (readonly [string, string | undefined])[] {
  const { cors } = response
  const { bodyBytes, headerBytes, rate } = limits
  const set = Object.entries(response.setHeaders).map(([name, value]) => `${name}: ${value}`)
  const removed = response.removeHeaders.join(', ')
  const isUsual = removed === settingsDefaults.response.removeHeaders.join(', ')
  const often =
    rate && `${rate.requests} in ${rate.perSeconds} s${rate.burst === null ? '' : `, ${rate.burst} at once`}`
  return [
    ['Preset', response.preset === 'auto' ? undefined : response.preset],
    ['Answers get', set.length === 0 ? undefined : set.join(', ')],
    ['Answers lose', isUsual ? undefined : removed || 'none'],
    ['Cookies', response.cookieDomain === 'keep' ? 'may name a Domain' : undefined],
    [
      'Other origins',
      cors === null ? undefined : `${cors.origins.join(', ')}${cors.credentials ? ', with cookies' : ''}`,
    ],
    ['Longest body', bodyBytes === null ? undefined : bytesText(bodyBytes)],
    ['Most headers', headerBytes === null ? undefined : bytesText(headerBytes)],
    ['Rate', rate === null ? undefined : `${often}, by ${rate.by}`],
  ]
}
