import { z } from 'zod'
import type { AccessFace } from '#access'
import { type Ctx, type FieldFault, GateError, type RejectedForm, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import { fail } from '../errors.ts'
import {
  deleteProfilePage,
  type ProfileFormValues,
  pathOf,
  profileFormPage,
  profilePage,
  profilesPage,
  section,
} from '../views/profiles.ts'
import { newProfileBody, profileParams, profilePatch } from './contract.ts'
import type { IssueParts } from './issue.ts'
import { daysOf, type Profile } from './profile.ts'
import { countProfileUse } from './profile-store.ts'
import { allProfiles, changeProfile, createProfile, deleteProfile, getOwn, getProfile } from './profiles.ts'

export interface ProfilePageParts {
  readonly issue: IssueParts
  readonly access: AccessFace
}

const many = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]))
const fields = {
  title: z.string().max(200),
  description: z.string().max(1000).default(''),
  line: z.string().max(100).default(''),
  days: z.coerce.number(),
  keys: many.default([]),
  names: z.string().max(30_000).default(''),
}
const newForm = z.strictObject({ name: z.string().max(100), kind: z.string().max(20), ...fields })
const editForm = z.strictObject({ revision: z.coerce.number().int(), ...fields })
const deleteForm = z.strictObject({ revision: z.coerce.number().int() })

/** Profiles in the console. */
export function profilePages(parts: ProfilePageParts): readonly Route[] {
  // `/new` before `/{name}`: the first that fits answers, and no profile can be called new
  return [...creating(parts), ...reading(parts), ...editing(parts), ...deleting(parts)]
}

function reading(parts: ProfilePageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: section,
      door: 'browser',
      access: { permission: 'certificate-profiles:read' },
      handler: async (ctx) => {
        const profiles = await allProfiles(ctx, parts.issue)
        const mayCreate = await may(parts, ctx, 'certificate-profiles:create')
        return pageReply('Certificate profiles', profilesPage({ profiles, mayCreate }))
      },
    }),
    route({
      method: 'GET',
      path: `${section}/{name}`,
      door: 'browser',
      access: { permission: 'certificate-profiles:read:{name}' },
      params: profileParams,
      handler: async (ctx, { params }) => {
        const profile = await getProfile(ctx, parts.issue, params.name)
        const body = profilePage({
          profile,
          use: await countProfileUse(ctx.db, profile.name, ctx.now),
          mayUpdate: await may(parts, ctx, `certificate-profiles:update:${profile.name}`),
          mayDelete: await may(parts, ctx, `certificate-profiles:delete:${profile.name}`),
          now: ctx.now,
        })
        return pageReply(profile.title, body)
      },
    }),
  ]
}

function creating({ issue }: ProfilePageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/new`,
      door: 'browser',
      access: { permission: 'certificate-profiles:create' },
      handler: () => Promise.resolve(formReply(undefined, {}, [])),
    }),
    route({
      method: 'POST',
      path: section,
      door: 'browser',
      access: { permission: 'certificate-profiles:create' },
      body: newForm,
      handler: (ctx, { body }) => {
        const { line, ...rest } = contentOf(body)
        const wanted = { ...rest, name: body.name, kind: body.kind, ...(line === '' ? {} : { line }) }
        return submitted(undefined, body, wanted, newProfileBody, (judged) => createProfile(ctx, issue, judged))
      },
      invalid: (_, { form, faults }) => Promise.resolve({ ...formReply(undefined, typed(form), faults), status: 422 }),
    }),
  ]
}

function editing({ issue }: ProfilePageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/{name}/edit`,
      door: 'browser',
      access: { permission: 'certificate-profiles:update:{name}' },
      params: profileParams,
      handler: async (ctx, { params }) => {
        const profile = await getOwn(ctx, issue, params.name)
        return formReply(profile, valuesOf(profile), [])
      },
    }),
    route({
      method: 'POST',
      path: `${section}/{name}/edit`,
      door: 'browser',
      access: { permission: 'certificate-profiles:update:{name}' },
      params: profileParams,
      body: editForm,
      handler: async (ctx, { params, body }) => {
        const profile = await getOwn(ctx, issue, params.name)
        const { line, ...rest } = contentOf(body)
        const wanted = { ...rest, line: line === '' ? profile.line : line }
        return submitted(profile, body, wanted, profilePatch, (judged) =>
          changeProfile(ctx, issue, profile.name, judged, seen(body.revision)),
        )
      },
      invalid: async (ctx, { params, form, faults }) => {
        const profile = await getOwn(ctx, issue, params['name'] ?? '')
        return { ...formReply(profile, typed(form), faults), status: 422 }
      },
    }),
  ]
}

function deleting({ issue }: ProfilePageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/{name}/delete`,
      door: 'browser',
      access: { permission: 'certificate-profiles:delete:{name}' },
      params: profileParams,
      handler: async (ctx, { params }) => {
        const profile = await getOwn(ctx, issue, params.name)
        const use = await countProfileUse(ctx.db, profile.name, ctx.now)
        return pageReply(`Remove ${profile.title}`, deleteProfilePage(profile, use))
      },
    }),
    route({
      method: 'POST',
      path: `${section}/{name}/delete`,
      door: 'browser',
      access: { permission: 'certificate-profiles:delete:{name}' },
      params: profileParams,
      body: deleteForm,
      handler: async (ctx, { params, body }) => {
        await deleteProfile(ctx, issue, params.name, seen(body.revision))
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

/** Whether whoever looks may do it: for offering a button, never in place of the door. */
export async function may(
  { access }: Pick<ProfilePageParts, 'access'>,
  ctx: Ctx,
  permission: string,
): Promise<boolean> {
  return (await access.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed
}

function seen(revision: number): (now: Profile) => void {
  return (now) => {
    if (now.revision !== revision) throw fail('pki.profile-stale', { fields: { name: now.name } })
  }
}

type Typed = z.infer<typeof newForm> | z.infer<typeof editForm>

function contentOf({ title, description, line, days, keys, names }: Typed) {
  return { title, description, line: line.trim(), days, keys, names: names.split(/[\s,]+/).filter((one) => one !== '') }
}

/** Judged by the API's own schema and done, or the form again with what stood in the way. */
async function submitted<T>(
  profile: Profile | undefined,
  body: Typed,
  wanted: unknown,
  schema: z.ZodType<T>,
  work: (judged: T) => Promise<Profile>,
): Promise<Reply> {
  const judged = schema.safeParse(wanted)
  if (!judged.success) {
    const faults = judged.error.issues.map(({ path, message }) => ({ field: String(path[0] ?? ''), message }))
    return { ...formReply(profile, typed(body), faults), status: 422 }
  }
  try {
    return { kind: 'redirect', location: pathOf((await work(judged.data)).name) }
  } catch (error) {
    const faults = faultsOf(error)
    if (faults === undefined) throw error
    return { ...formReply(profile, typed(body), faults), status: 422 }
  }
}

function faultsOf(error: unknown): readonly FieldFault[] | undefined {
  if (!(error instanceof GateError)) return undefined
  if (error.code === 'pki.profile-invalid') return error.faults
  if (error.code === 'pki.profile-name-taken') return [{ field: 'name', message: error.detail }]
  return error.code === 'pki.profile-stale' ? [{ field: 'title', message: error.detail }] : undefined
}

function valuesOf(profile: Profile): ProfileFormValues {
  const { title, description, line, keys, names, revision } = profile
  return {
    title,
    description,
    line,
    keys,
    names: names.join('\n'),
    days: `${daysOf(profile)}`,
    revision: `${revision}`,
  }
}

function typed(form: RejectedForm['form'] | Typed): ProfileFormValues {
  const { keys, ...texts }: Readonly<Record<string, unknown>> = form
  const shown = Object.entries(texts).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, `${value}`] as const] : [],
  )
  return { ...Object.fromEntries(shown), keys: [keys].flat().filter((one) => typeof one === 'string') }
}

function formReply(profile: Profile | undefined, values: ProfileFormValues, faults: readonly FieldFault[]): Reply {
  const title = profile === undefined ? 'Make a profile' : `Change ${profile.title}`
  return pageReply(title, profileFormPage({ ...(profile === undefined ? {} : { profile }), values, faults }))
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section: '/certificates', frame: 'full' } }
}
