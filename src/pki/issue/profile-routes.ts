import { type Route, requireUnchanged, revisionTag, route } from '#platform'
import {
  newProfileBody,
  profileList,
  profileParams,
  profilePatch,
  profileView as profileViewShape,
} from './contract.ts'
import type { IssueParts } from './issue.ts'
import type { Profile } from './profile.ts'
import { allProfiles, changeProfile, createProfile, deleteProfile, getProfile } from './profiles.ts'
import { profileView } from './wire.ts'

/** `/api/v1/certificate-profiles`. Built-in profiles are read like all others and changed by nobody. */
export function profileRoutes({ issue }: { readonly issue: IssueParts }): readonly Route[] {
  return [...readingRoutes(issue), ...changingRoutes(issue)]
}

function readingRoutes(issue: IssueParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificate-profiles',
      door: 'api',
      access: { permission: 'certificate-profiles:read' },
      summary: 'The profiles certificates are issued by',
      responses: { 200: profileList },
      handler: async (ctx) => ({ kind: 'json', body: { items: (await allProfiles(ctx, issue)).map(profileView) } }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/certificate-profiles/{name}',
      door: 'api',
      access: { permission: 'certificate-profiles:read:{name}' },
      summary: 'One certificate profile',
      params: profileParams,
      responses: { 200: profileViewShape },
      handler: async (ctx, { params }) => reply(await getProfile(ctx, issue, params.name)),
    }),
  ]
}

function changingRoutes(issue: IssueParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/certificate-profiles',
      door: 'api',
      access: { permission: 'certificate-profiles:create' },
      summary: 'Make a certificate profile',
      body: newProfileBody,
      responses: { 201: profileViewShape },
      handler: async (ctx, { body }) => {
        const profile = await createProfile(ctx, issue, body)
        const headers = { Location: `/api/v1/certificate-profiles/${profile.name}` }
        return { ...reply(profile), status: 201, headers }
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/certificate-profiles/{name}',
      door: 'api',
      access: { permission: 'certificate-profiles:update:{name}' },
      summary: 'Change what is issued and renewed by a certificate profile from now on',
      params: profileParams,
      body: profilePatch,
      responses: { 200: profileViewShape },
      handler: async (ctx, { params, body, request }) => {
        const guard = ({ revision }: Profile) => requireUnchanged(request.headers, revision)
        return reply(await changeProfile(ctx, issue, params.name, body, guard))
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/certificate-profiles/{name}',
      door: 'api',
      access: { permission: 'certificate-profiles:delete:{name}' },
      summary: 'Remove a certificate profile; its certificates stand and are not renewed',
      params: profileParams,
      responses: { 204: undefined },
      handler: async (ctx, { params, request }) => {
        await deleteProfile(ctx, issue, params.name, ({ revision }) => requireUnchanged(request.headers, revision))
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

function reply(profile: Profile) {
  return { kind: 'json', body: profileView(profile), etag: revisionTag(profile.revision) } as const
}
