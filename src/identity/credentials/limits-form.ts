import { z } from 'zod'
import {
  type Actor,
  type CredentialLimits,
  countriesIn,
  isCountry,
  limitNetworkFault,
  maxPermissionLength,
  parsePattern,
  throughOf,
} from '#kit'
import { type FieldFault, GateError, refusedInputOf } from '#platform'
import type { ToldFaults } from './told-faults.ts'

/** How long a credential may be given to last, and in words. `until` asks for a date. */
export const lives = {
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '365d': 'A year',
  never: 'Until it is revoked',
  until: 'Until a date',
} as const
export type Life = keyof typeof lives

const days: Readonly<Record<Exclude<Life, 'never' | 'until'>, number>> = { '7d': 7, '30d': 30, '90d': 90, '365d': 365 }
const dayMs = 24 * 60 * 60_000

/** The most entries of one list, as the API has it. */
const mostEntries = 100

const several = (most: number) =>
  z
    .union([z.string().transform((one) => [one]), z.array(z.string())])
    .default([])
    .refine((all) => all.length <= most)

/**
 * The fields a form with limits posts: spread into the form's own `z.strictObject`, beside the label. Missing ones are what
 * an untouched form sends. Bodies need room for long lists: `maxBody: limitsFormBytes`.
 */
export const limitsFormShape = {
  /** `all`: everything its owner may; `some`: what is ticked and written. */
  scope: z.enum(['all', 'some']).default('all'),
  permissions: several(1_000),
  morePermissions: z.string().max(40_000).default(''),
  allow: z.string().max(10_000).default(''),
  deny: z.string().max(10_000).default(''),
  regions: several(250),
  /** More of them by name or code, with commas between. */
  country: z.string().max(1_000).default(''),
  lasts: z.enum(Object.keys(lives) as [Life, ...Life[]]).default('never'),
  /** A day, `2026-12-31`: through its end in UTC. */
  until: z.string().max(20).default(''),
  /** The questions that were answered with yes: what `limitQuestions` asked. */
  confirmed: several(10),
}
export const limitsFormBytes = 65_536

const limitsForm = z.object(limitsFormShape)
export type LimitsForm = z.infer<typeof limitsForm>

/** A form nobody has touched. */
export function emptyLimitsForm(lasts: Life = 'never'): LimitsForm {
  return { ...limitsForm.parse({}), lasts }
}

export type ReadLimits =
  | { readonly limits: CredentialLimits; readonly faults?: never }
  | { readonly limits?: never; readonly faults: readonly FieldFault[] }

/**
 * The limits a form means, or its faults by field. "Everything I may" is as much as the actor's own credential covers, so
 * that it is never more than was come with.
 *
 * @param now milliseconds since the epoch
 */
export function readLimits(form: LimitsForm, actor: Actor, now: number): ReadLimits {
  const written = linesOf(form.morePermissions)
  const permissions = [...new Set([...form.permissions, ...written])]
  const networks = { allow: linesOf(form.allow), deny: linesOf(form.deny) }
  const typed = countriesIn(form.country)
  const faults = [
    ...permissionFaults(form, permissions, written),
    ...networkFaults('allow', networks.allow),
    ...networkFaults('deny', networks.deny),
    ...form.regions
      .filter((code) => !isCountry(code))
      .map((code) => fault('regions', `Not a country: ${code.slice(0, 8)}`)),
    ...typed
      .filter(({ code }) => code === undefined)
      .map(({ text }) => fault('country', `Not a country: ${text.slice(0, 60)}`)),
  ]
  const end = endOf(form, now)
  if (typeof end === 'object') faults.push(end)
  if (faults.length > 0 || typeof end === 'object') return { faults }
  const covered = form.scope === 'all' ? (throughOf(actor)?.permissions ?? ['*']) : permissions
  const regions = [...new Set([...form.regions, ...typed.flatMap(({ code }) => code ?? [])])]
  return { limits: { permissions: covered, networks, regions, expiresAt: end } }
}

/** Which field a refusal of the use-case is about. */
const refusedFields: Readonly<Record<string, keyof LimitsForm>> = {
  'access.more-than-held': 'permissions',
  'identity.wider-than-credential': 'scope',
}
/** Fields as the API calls them, where a form calls them otherwise. */
const formNames: Readonly<Record<string, keyof LimitsForm>> = { networks: 'allow', expiresAt: 'lasts' }

/** What a refusal to make a credential says about the form, to show it again; `undefined` for any other failure. */
export function limitsFormFaults(error: unknown): ToldFaults | undefined {
  if (!(error instanceof GateError)) return undefined
  const refused = refusedInputOf(error)
  const { status, detail, faults, code } = error
  const about = refusedFields[code]
  if (about !== undefined) return { status, refused, faults: [fault(about, detail)] }
  if (code !== 'identity.invalid-token-limits') return undefined
  return {
    status,
    refused,
    faults: faults.map(({ field, message }) => ({ field: formNames[field] ?? field, message })),
  }
}

/** Limits as a form shows them, for changing what stands. */
export function limitsFormOf(limits: CredentialLimits): LimitsForm {
  const { permissions, networks, regions, expiresAt } = limits
  const everything = permissions.length === 1 && permissions[0] === '*'
  return {
    scope: everything ? 'all' : 'some',
    permissions: everything ? [] : [...permissions],
    morePermissions: '',
    allow: networks.allow.join('\n'),
    deny: networks.deny.join('\n'),
    regions: [...regions],
    country: '',
    lasts: expiresAt === undefined ? 'never' : 'until',
    until: expiresAt === undefined ? '' : new Date(expiresAt).toISOString().slice(0, 10),
    confirmed: [],
  }
}

function permissionFaults(
  { scope }: LimitsForm,
  permissions: readonly string[],
  written: readonly string[],
): readonly FieldFault[] {
  if (scope === 'all') {
    return permissions.length === 0
      ? []
      : [fault('scope', 'Permissions are named, but “everything” is chosen. Choose one of both.')]
  }
  if (permissions.length === 0) return [fault('permissions', 'Tick at least one permission, or choose “everything”.')]
  if (permissions.length > mostEntries) return [fault('permissions', `At most ${mostEntries} permissions.`)]
  return [...new Set([...permissions, ...written])]
    .filter((text) => text.length > maxPermissionLength || parsePattern(text) === undefined)
    .map((text) => fault('morePermissions', `Not a permission: ${text.slice(0, 80)}`))
}

function networkFaults(field: 'allow' | 'deny', entries: readonly string[]): readonly FieldFault[] {
  if (entries.length > mostEntries) return [fault(field, `At most ${mostEntries} networks.`)]
  return entries.flatMap((entry) => {
    const message = limitNetworkFault(entry)
    return message === undefined ? [] : [fault(field, message)]
  })
}

/** Milliseconds since the epoch, no end, or what is wrong with the date. */
function endOf({ lasts, until }: LimitsForm, now: number): number | undefined | FieldFault {
  if (lasts === 'never') return undefined
  if (lasts !== 'until') return now + days[lasts] * dayMs
  const begins = /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(`${until}T00:00:00Z`) : Number.NaN
  // Date.parse takes 2026-02-30 for the second of March
  const isDay = !Number.isNaN(begins) && new Date(begins).toISOString().startsWith(until)
  if (!isDay) return fault('until', 'Not a date. Write it as 2026-12-31.')
  const end = begins + dayMs
  return end > now ? end : fault('until', 'This day is over.')
}

function linesOf(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((entry) => entry !== ''))]
}

function fault(field: keyof LimitsForm, message: string): FieldFault {
  return { field, message }
}
