import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type Kernel, type Route, route } from '#platform'
import { routeName, routeParams } from '../contract.ts'
import { getRoute } from '../published-routes.ts'
import { secretHeaderBody, secretHeaderList, secretHeaderName, secretHeaderView } from './contract.ts'
import { clearSecretHeader, listSecretHeaders, type SecretHeader, setSecretHeader } from './secret-headers.ts'

const params = z.strictObject({ name: routeName, header: secretHeaderName })

/** `/api/v1/routes/{name}/secret-headers` */
export function secretRoutes({ keyring }: Pick<Kernel, 'keyring'>): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/routes/{name}/secret-headers',
      door: 'api',
      access: { permission: 'routes:read:{name}' },
      summary: 'List the headers with secret values that the app gets, without the values',
      params: routeParams,
      responses: { 200: secretHeaderList },
      handler: async (ctx, { params: { name } }) => {
        const { id } = await getRoute(ctx, name)
        return { kind: 'json', body: { items: (await listSecretHeaders(ctx.db, id)).map(viewOf) } }
      },
    }),
    route({
      method: 'PUT',
      path: '/api/v1/routes/{name}/secret-headers/{header}',
      door: 'api',
      access: { permission: 'routes:update:{name}' },
      summary: 'Let the app get a header with a value that nobody is shown again',
      params,
      body: secretHeaderBody,
      responses: { 200: secretHeaderView },
      handler: async (ctx, { params: { name, header }, body }) => {
        const value = new Secret(body.value)
        await ctx.tx(async (tx: Ctx) => setSecretHeader(keyring, tx, await getRoute(tx, name), header, value))
        return { kind: 'json', body: viewOf({ name: header.toLowerCase(), setAt: ctx.now }) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/routes/{name}/secret-headers/{header}',
      door: 'api',
      access: { permission: 'routes:update:{name}' },
      summary: 'Let the app no longer get a secret header',
      params,
      responses: { 204: undefined },
      handler: async (ctx, { params: { name, header } }) => {
        await ctx.tx(async (tx: Ctx) => clearSecretHeader(tx, await getRoute(tx, name), header))
        return { kind: 'empty' }
      },
    }),
  ]
}

function viewOf({ name, setAt }: SecretHeader): z.infer<typeof secretHeaderView> {
  return { name, setAt: new Date(setAt).toISOString() }
}
