import { z } from 'zod'
import { bytesText, parseBytes } from '#kit'
import { limitSettings } from '../settings/limit-settings.ts'
import { responseSettings } from '../settings/response-settings.ts'
import type { RouteSettings } from '../settings/route-settings.ts'
import { type FormValues, type HeaderLines, headerLines, linesOf, ticked, words } from './form.ts'

const text = z.string().trim().max(20_000).default('')

const fields = z.strictObject({
  revision: z.coerce.number().int(),
  preset: z.string(),
  setHeaders: text,
  removeHeaders: words,
  keepDomain: ticked,
  corsOrigins: words,
  corsMethods: words,
  corsHeaders: words,
  corsExpose: words,
  corsCredentials: ticked,
  corsMaxAge: text,
  bodyBytes: text,
  headerBytes: text,
  rateRequests: text,
  rateSeconds: text,
  rateBurst: text,
  rateBy: z.string().default('principal'),
})
type Fields = z.output<typeof fields>

/** What the page of answers and limits sends: both groups as a whole. */
export const defenceForm = fields.transform((form, context) => {
  const { headers, fault } = headerLines(form.setHeaders)
  const response = responseSettings.whole.safeParse(responseGiven(form, headers))
  const limits = limitSettings.whole.safeParse(limitsGiven(form))
  for (const { issues } of [response.error ?? { issues: [] }, limits.error ?? { issues: [] }]) {
    for (const { code, path, message } of issues) {
      const field = fieldAt(path)
      const said = code === 'invalid_type' ? wantedIn(field) : message
      context.addIssue({ code: 'custom', path: [field], message: said })
    }
  }
  if (fault !== undefined) context.addIssue({ code: 'custom', path: ['setHeaders'], message: fault })
  if (fault !== undefined || !response.success || !limits.success) return z.NEVER
  return { revision: form.revision, response: response.data, limits: limits.data }
})

function responseGiven(form: Fields, setHeaders: HeaderLines['headers']) {
  const { corsOrigins: origins, corsMethods: methods } = form
  const cors = {
    origins,
    ...(methods.length === 0 ? {} : { methods }),
    headers: form.corsHeaders,
    exposeHeaders: form.corsExpose,
    credentials: form.corsCredentials,
    ...(form.corsMaxAge === '' ? {} : { maxAgeSeconds: numberOf(form.corsMaxAge) }),
  }
  return {
    preset: form.preset,
    setHeaders,
    removeHeaders: form.removeHeaders,
    cookieDomain: form.keepDomain ? 'keep' : 'own',
    cors: origins.length === 0 ? null : cors,
  }
}

function limitsGiven(form: Fields) {
  const rate = {
    requests: numberOf(form.rateRequests),
    perSeconds: numberOf(form.rateSeconds === '' ? '60' : form.rateSeconds),
    burst: form.rateBurst === '' ? null : numberOf(form.rateBurst),
    by: form.rateBy,
  }
  return {
    bodyBytes: bytesOf(form.bodyBytes),
    headerBytes: bytesOf(form.headerBytes),
    rate: form.rateRequests === '' ? null : rate,
  }
}

/** What is no number stays what it is: the settings say what is wrong with it. */
function numberOf(value: string): number | string {
  return /^\d{1,9}$/.test(value) ? Number(value) : value
}

function bytesOf(value: string): number | string | null {
  return value === '' ? null : (parseBytes(value) ?? value)
}

/** Of what was typed where a number should be. */
function wantedIn(field: string): string {
  return field === 'bodyBytes' || field === 'headerBytes' ? 'a size, such as 500 kB, 10 MB or 2 GB' : 'a whole number'
}

const fieldNames: Readonly<Record<string, string>> = {
  cookieDomain: 'keepDomain',
  'cors.origins': 'corsOrigins',
  'cors.methods': 'corsMethods',
  'cors.headers': 'corsHeaders',
  'cors.exposeHeaders': 'corsExpose',
  'cors.credentials': 'corsCredentials',
  'cors.maxAgeSeconds': 'corsMaxAge',
  'rate.requests': 'rateRequests',
  'rate.perSeconds': 'rateSeconds',
  'rate.burst': 'rateBurst',
  'rate.by': 'rateBy',
}

function fieldAt(path: readonly PropertyKey[]): string {
  const [first = '', second] = path.map(String)
  return fieldNames[`${first}.${second}`] ?? fieldNames[first] ?? first
}

/** A route's answers and limits as the form shows them. */
export function defenceValues(
  { response, limits }: Pick<RouteSettings, 'response' | 'limits'>,
  revision: number,
): FormValues {
  const { cors } = response
  const { rate } = limits
  return {
    revision: String(revision),
    preset: response.preset,
    setHeaders: linesOf(response.setHeaders),
    removeHeaders: response.removeHeaders.join('\n'),
    keepDomain: response.cookieDomain === 'keep' ? 'on' : undefined,
    corsOrigins: cors?.origins.join('\n') ?? '',
    corsMethods: cors?.methods.join(' ') ?? '',
    corsHeaders: cors?.headers.join(' ') ?? '',
    corsExpose: cors?.exposeHeaders.join(' ') ?? '',
    corsCredentials: cors?.credentials === true ? 'on' : undefined,
    corsMaxAge: cors === null ? '' : String(cors.maxAgeSeconds),
    bodyBytes: limits.bodyBytes === null ? '' : bytesText(limits.bodyBytes),
    headerBytes: limits.headerBytes === null ? '' : bytesText(limits.headerBytes),
    rateRequests: rate === null ? '' : String(rate.requests),
    rateSeconds: rate === null ? '' : String(rate.perSeconds),
    rateBurst: rate?.burst === null || rate === null ? '' : String(rate.burst),
    rateBy: rate?.by ?? 'principal',
  }
}
