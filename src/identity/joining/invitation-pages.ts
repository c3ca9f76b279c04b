import { z } from 'zod'
import { parseDuration } from '#kit'
import { type Ctx, GateError, type Reply, type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { doneWords } from '../done-words.ts'
import { invitationDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { pageOfInvitations } from './invitation-api.ts'
import { cancelInvitation, createInvitation, resendInvitation, usualLife } from './invitations.ts'
import { setJoining } from './joining.ts'
import { readJoining } from './mode-store.ts'
import {
  invitationListPage,
  invitationLives,
  joiningPage,
  madeInvitationPage,
  newInvitationPage,
} from './views/invitations.ts'

const newForm = z.strictObject({
  displayName: z.string().max(400),
  email: z.string().max(300),
  handle: z.string().max(1024),
  roles: z.string().max(5_000),
  groups: z.string().max(5_000),
  lasts: z.enum(Object.keys(invitationLives) as [keyof typeof invitationLives]),
})

const wordsOf = doneWords({
  cancelled: 'The invitation is cancelled; its links open nothing.',
  joining: 'Who may join is changed.',
})

/** Invitations, for who may create accounts. */
export function invitationPages(parts: Parts): readonly Route[] {
  return [...listAndJoining(parts), ...creating(parts), ...settling(parts)]
}

function listAndJoining(parts: Parts): readonly Route[] {
  return [
    route({
      ...invitationDoors['GET /invitations'],
      query: z.object({ cursor: z.string().optional(), done: z.string().optional().catch(undefined) }),
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfInvitations(parts, ctx, { cursor: query.cursor, limit: 50 })
        const maySet = (await parts.access.decide(ctx.actor, 'accounts:set-joining', undefined, { now: ctx.now }))
          .allowed
        const page = invitationListPage({
          invitations: items,
          next,
          further: query.cursor !== undefined,
          mode: (await readJoining(ctx.db)).mode,
          maySet,
          done: wordsOf(query.done),
          now: ctx.now,
        })
        return { kind: 'page', page }
      },
    }),
    route({
      ...invitationDoors['GET /invitations/joining'],
      handler: async (ctx) => ({
        kind: 'page',
        page: joiningPage({ mode: (await readJoining(ctx.db)).mode, hasMail: parts.mail.enabled }),
      }),
    }),
    route({
      ...invitationDoors['POST /invitations/joining'],
      body: z.strictObject({ mode: z.enum(['off', 'invitation', 'open']) }),
      async handler(ctx, { body }): Promise<Reply> {
        try {
          await setJoining(parts, ctx, body.mode)
          return { kind: 'redirect', location: '/invitations?done=joining' }
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.joining-needs-mail') throw error
          const faults = [{ field: 'mode', message: error.detail }]
          const page = joiningPage({ mode: body.mode, hasMail: false, faults })
          return { kind: 'page', status: error.status, page }
        }
      },
    }),
  ]
}

function creating(parts: Parts): readonly Route[] {
  return [
    route({
      ...invitationDoors['GET /invitations/new'],
      handler: async (ctx) => ({ kind: 'page', page: newInvitationPage(await offered(parts, ctx)) }),
    }),
    route({
      ...invitationDoors['POST /invitations'],
      body: newForm,
      handler: (ctx, { body }) => inviteByForm(parts, ctx, body),
    }),
  ]
}

/** What whoever invites may give; the first of several names is completed by the browser. */
async function offered({ access, mail }: Parts, ctx: Ctx) {
  const roles = (await access.givableRoles(ctx)).map(({ name }) => name)
  return { hasMail: mail.enabled, givable: { roles, groups: await access.givableGroups(ctx) } }
}

async function inviteByForm(parts: Parts, ctx: Ctx, body: z.infer<typeof newForm>): Promise<Reply> {
  const given = (text: string) => (text.trim() === '' ? undefined : text.trim())
  try {
    const made = await createInvitation(parts, ctx, {
      handle: given(body.handle),
      displayName: given(body.displayName),
      email: given(body.email),
      roles: words(body.roles),
      groups: words(body.groups),
      lasts: parseDuration(body.lasts) ?? usualLife,
    })
    return { kind: 'page', page: madeInvitationPage(made, ctx.now) }
  } catch (error) {
    const field = error instanceof GateError ? fieldsOf[error.code] : undefined
    if (!(error instanceof GateError) || field === undefined) throw error
    const faults = error.faults.length > 0 ? error.faults : [{ field, message: error.detail }]
    return {
      kind: 'page',
      status: error.status,
      page: newInvitationPage({ ...body, faults, ...(await offered(parts, ctx)) }),
    }
  }
}

/** Where on the form a refusal belongs. */
const fieldsOf: Readonly<Record<string, string>> = {
  'identity.invalid-invitation': 'handle',
  'identity.joining-off': 'handle',
  'access.more-than-held': 'roles',
  'access.role-unknown': 'roles',
  'access.group-unknown': 'groups',
}

function settling(parts: Parts): readonly Route[] {
  return [
    route({
      ...invitationDoors['POST /invitations/{id}/resend'],
      params: idParams,
      handler: async (ctx, { params }) => ({
        kind: 'page',
        page: madeInvitationPage(await resendInvitation(parts, ctx, params.id), ctx.now),
      }),
    }),
    route({
      ...invitationDoors['POST /invitations/{id}/cancel'],
      params: idParams,
      async handler(ctx, { params }) {
        await cancelInvitation(parts, ctx, params.id)
        return { kind: 'redirect', location: '/invitations?done=cancelled' }
      },
    }),
  ]
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}
