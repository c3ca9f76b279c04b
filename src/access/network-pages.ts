import { z } from 'zod'
import { inCidrs, parseCidr } from '#kit'
import { type Ctx, type FieldFault, type Reply, type Route, route } from '#platform'
import { listQuery, networkBody, networkParams, networkPatch } from './contract.ts'
import { networkPageDoors } from './doors.ts'
import { changeNetwork, cidrsOf, createNetwork, deleteNetwork, getNetwork } from './named-networks.ts'
import { networkPage as pageOfNetworks } from './network-routes.ts'
import { consentOf, policiesNaming } from './operator/named-things.ts'
import { faultsOf, linesOf, parse } from './page-forms.ts'
import { knowingForm, knownIn, may } from './page-parts.ts'
import type { RouteParts } from './routes.ts'
import type { NetworkRow } from './tables.ts'
import {
  deleteNetworkPage,
  type Here,
  networkFormPage,
  networkListPage,
  networkPage,
  section,
} from './views/networks.ts'

const networkForm = z.strictObject({
  name: z.string().max(200).default(''),
  title: z.string().max(200),
  cidrs: z.string().max(20_000),
})
type NetworkForm = z.infer<typeof networkForm>

/** Named networks in the console. */
export function networkPages(parts: RouteParts): readonly Route[] {
  return [...editing(), ...reading(parts), ...deleting(parts)]
}

function reading(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...networkPageDoors['GET /networks'],
      query: listQuery,
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfNetworks(parts, ctx, query)
        const page = networkListPage({
          networks: items,
          here: hereOf(ctx),
          mayCreate: await may(access, ctx, 'networks:create'),
          q: query.q,
          next: next ?? undefined,
          further: query.cursor !== undefined,
          now: ctx.now,
        })
        return { kind: 'page', page }
      },
    }),
    route({
      ...networkPageDoors['GET /networks/{network}'],
      params: networkParams,
      handler: async (ctx, { params }) => {
        const network = await getNetwork(ctx, params.network)
        const mayUpdate = await may(access, ctx, `networks:update:${network.name}`)
        const mayDelete = await may(access, ctx, `networks:delete:${network.name}`)
        return { kind: 'page', page: networkPage({ network, here: hereOf(ctx), mayUpdate, mayDelete, now: ctx.now }) }
      },
    }),
  ]
}

function editing(): readonly Route[] {
  return [
    route({
      ...networkPageDoors['GET /networks/new'],
      handler: (ctx) => Promise.resolve(formReply(ctx, undefined, { name: '', title: '', cidrs: '' }, [])),
    }),
    route({
      ...networkPageDoors['POST /networks'],
      body: networkForm,
      handler: (ctx, { body }) =>
        submitted(ctx, undefined, body, () =>
          createNetwork(ctx, parse(networkBody, { ...body, cidrs: linesOf(body.cidrs) })),
        ),
    }),
    route({
      ...networkPageDoors['GET /networks/{network}/edit'],
      params: networkParams,
      handler: async (ctx, { params }) => {
        const network = await getNetwork(ctx, params.network)
        const { name, title } = network
        return formReply(ctx, network, { name, title, cidrs: cidrsOf(network).join('\n') }, [])
      },
    }),
    route({
      ...networkPageDoors['POST /networks/{network}/edit'],
      params: networkParams,
      body: networkForm,
      handler: async (ctx, { params, body }) => {
        const network = await getNetwork(ctx, params.network)
        return submitted(ctx, network, body, () => {
          const { title = network.title, cidrs = cidrsOf(network) } = parse(networkPatch, {
            title: body.title,
            cidrs: linesOf(body.cidrs),
          })
          return changeNetwork(ctx, network.name, { title, cidrs })
        })
      },
    }),
  ]
}

function deleting({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...networkPageDoors['GET /networks/{network}/delete'],
      params: networkParams,
      handler: async (ctx, { params }) => {
        const network = await getNetwork(ctx, params.network)
        const naming = await policiesNaming(ctx, access.inForce, { kind: 'network', name: network.name })
        return { kind: 'page', page: deleteNetworkPage(network, hereOf(ctx), naming) }
      },
    }),
    route({
      ...networkPageDoors['POST /networks/{network}/delete'],
      params: networkParams,
      body: knowingForm,
      handler: async (ctx, { params, body }) => {
        await deleteNetwork(ctx, params.network, consentOf(access.inForce, knownIn(body)))
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

function hereOf({ actor: { address } }: Ctx): Here {
  return {
    address,
    isInside: (network) =>
      address !== undefined &&
      inCidrs(
        address,
        cidrsOf(network).flatMap((text) => parseCidr(text) ?? []),
      ),
  }
}

/** Does it, or shows the form again with what stood in the way. */
async function submitted(
  ctx: Ctx,
  network: NetworkRow | undefined,
  body: NetworkForm,
  work: () => Promise<NetworkRow>,
): Promise<Reply> {
  try {
    const { name } = await work()
    return { kind: 'redirect', location: `${section}/${encodeURIComponent(name)}` }
  } catch (error) {
    const faults = faultsOf(error, { 'access.name-taken': 'name' })
    if (faults === undefined) throw error
    return { ...formReply(ctx, network, body, faults), status: 400 }
  }
}

function formReply(
  ctx: Ctx,
  network: NetworkRow | undefined,
  values: NetworkForm,
  faults: readonly FieldFault[],
): Reply {
  const view = { here: hereOf(ctx), values, faults }
  return { kind: 'page', page: networkFormPage(network === undefined ? view : { ...view, network }) }
}
