import { z } from 'zod'
import { type Route, route } from '#platform'
import { findAsset } from '#platform/ui'
import type { Console } from './console.ts'
import { failConsole } from './errors.ts'
import { securityTxt } from './security-txt.ts'
import { errorCodePage, errorListPage } from './views/error-codes.ts'

/** What strangers may fetch: style and script, what an error code means, whom to tell of a hole. */
export function publicRoutes(console: Console): readonly Route[] {
  return [assetRoute(), ...errorRoutes(console), securityTxtRoute(console)]
}

function assetRoute(): Route {
  return route({
    method: 'GET',
    path: '/assets/{name}',
    door: 'protocol',
    access: { public: 'style and script are the same for everybody and hold nothing of anybody' },
    params: z.object({ name: z.string().max(100) }),
    handler: async (_, { params, request }) => {
      const asset = await findAsset(params.name, request.headers.get('accept-encoding'))
      if (asset === undefined) throw failConsole('console.asset-not-found')
      return { kind: 'text', ...asset }
    },
  })
}

function errorRoutes(console: Console): readonly Route[] {
  const access = { public: 'problem details link here, and whoever got one may read what it means' }
  return [
    route({
      method: 'GET',
      path: '/errors',
      door: 'browser',
      access,
      handler: () => {
        const body = errorListPage(console.contributed().errors)
        return Promise.resolve({ kind: 'page', page: { title: 'Error codes', body, frame: 'full' } })
      },
    }),
    route({
      method: 'GET',
      path: '/errors/{code}',
      door: 'browser',
      access,
      params: z.object({ code: z.string().max(100) }),
      handler: (_, { params: { code } }) => {
        const { errors } = console.contributed()
        const row = Object.hasOwn(errors, code) ? errors[code] : undefined
        if (row === undefined) return Promise.reject(failConsole('console.code-not-found', { fields: { code } }))
        return Promise.resolve({ kind: 'page', page: { title: code, body: errorCodePage(code, row), frame: 'full' } })
      },
    }),
  ]
}

function securityTxtRoute({ contact, origin }: Console): Route {
  return route({
    method: 'GET',
    path: '/.well-known/security.txt',
    door: 'protocol',
    access: { public: 'whoever finds a hole must be able to say so' },
    handler: (ctx) =>
      contact === undefined
        ? Promise.reject(failConsole('console.no-contact'))
        : Promise.resolve({
            kind: 'text',
            body: securityTxt({ contact, origin: origin(), now: ctx.now }),
            type: 'text/plain; charset=utf-8',
          }),
  })
}
