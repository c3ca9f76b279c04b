import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import {
  actionForm,
  checkboxes,
  emptyState,
  field,
  form,
  type Html,
  hidden,
  html,
  pageHeader,
  table,
  textArea,
  time,
} from '#platform/ui'
import type { AdminDeps } from '../admin/admin-deps.ts'
import { type FormValues, headerLines, linesOf, ticked, typed, words } from '../admin/form.ts'
import { orShowTyped, requireRevision } from '../admin/stale.ts'
import { routeName, routeParams } from '../contract.ts'
import { getRoute, updateRoute } from '../published-routes.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { requestSettings } from '../settings/request-settings.ts'
import { routeTabs } from '../views/route-tabs.ts'
import { secretHeaderBody, secretHeaderName } from './contract.ts'
import { clearSecretHeader, listSecretHeaders, type SecretHeader, setSecretHeader } from './secret-headers.ts'
import { placeholders } from './templates.ts'

const { identityHeaders, setHeaders, removeHeaders, rewritePrefix } = requestSettings.whole.shape

const lines = z
  .string()
  .default('')
  .transform((text, context) => {
    const { headers, fault } = headerLines(text)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    return headers
  })

const requestForm = z.strictObject({
  revision: z.coerce.number().int(),
  identityHeaders: lines.pipe(identityHeaders),
  assertion: ticked,
  setHeaders: lines.pipe(setHeaders),
  removeHeaders: words.pipe(removeHeaders),
  rewritePrefix: z.string().trim().default('').pipe(rewritePrefix),
})

const secretForm = z.strictObject({ header: secretHeaderName, value: secretHeaderBody.shape.value })

interface Shown {
  readonly name: string
  readonly values: FormValues
  readonly faults: readonly FieldFault[]
  readonly secrets: readonly SecretHeader[]
  readonly now: number
}

/** `/routes/{name}/request`: what the app is told. */
export function requestPages(deps: AdminDeps): readonly Route[] {
  const again = async (
    ctx: Ctx,
    name: string,
    values: FormValues | undefined,
    faults: readonly FieldFault[],
    header?: string,
  ) => {
    const found = await getRoute(ctx, name)
    const secrets = await listSecretHeaders(ctx.db, found.id)
    return pageReply({ name, values: { ...(values ?? valuesOf(found)), header }, faults, secrets, now: ctx.now })
  }
  const changed = (name: string): Reply => ({ kind: 'redirect', location: `/routes/${name}/request` })
  const common = { door: 'browser', access: { permission: 'routes:update:{name}' }, params: routeParams } as const
  return [
    route({
      ...common,
      method: 'GET',
      path: '/routes/{name}/request',
      handler: (ctx, { params }) => again(ctx, params.name, undefined, []),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/routes/{name}/request',
      body: requestForm,
      async handler(ctx, { params: { name }, body }) {
        const { revision, ...request } = body
        return orShowTyped(
          ctx,
          name,
          async () => {
            await updateRoute(deps, ctx, name, { request }, requireRevision(revision))
            return { kind: 'redirect', location: `/routes/${name}` }
          },
          (now, faults) => again(ctx, name, valuesOf({ revision: now.revision, request }), faults),
        )
      },
      invalid: (ctx, { params, form: given, faults }) =>
        again(ctx, params['name'] ?? '', typed(given), atFields(faults)),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/routes/{name}/secret-headers',
      body: secretForm,
      async handler(ctx, { params: { name }, body: { header, value } }) {
        try {
          const { keyring } = deps.kernel
          await ctx.tx(async (tx) => setSecretHeader(keyring, tx, await getRoute(tx, name), header, new Secret(value)))
          return changed(name)
        } catch (error) {
          if (!(error instanceof GateError) || error.status !== 422) throw error
          const reply = await again(ctx, name, undefined, [{ field: 'header', message: error.detail }], header)
          return { ...reply, status: error.status }
        }
      },
      invalid: (ctx, { params, form: given, faults }) =>
        again(ctx, params['name'] ?? '', undefined, faults, typed(given)['header']),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/routes/{name}/secret-headers/{header}/clear',
      params: z.strictObject({ name: routeName, header: secretHeaderName }),
      async handler(ctx, { params: { name, header } }) {
        await ctx.tx(async (tx) => clearSecretHeader(tx, await getRoute(tx, name), header))
        return changed(name)
      },
    }),
  ]
}

/** A fault in one line of a field is the field's. */
function atFields(faults: readonly FieldFault[]): readonly FieldFault[] {
  return faults.map(({ field: at, message }) => ({ field: at.split('.')[0] ?? at, message }))
}

function valuesOf({ request, revision }: Pick<GatewayRoute, 'request' | 'revision'>): FormValues {
  return {
    revision: String(revision),
    identityHeaders: linesOf(request.identityHeaders),
    assertion: request.assertion ? 'on' : undefined,
    setHeaders: linesOf(request.setHeaders),
    removeHeaders: request.removeHeaders.join('\n'),
    rewritePrefix: request.rewritePrefix,
  }
}

function pageReply(shown: Shown) {
  const { name, values, faults } = shown
  const title = `What ${name} is told`
  const body = html`${pageHeader({
    title,
    trail: [
      { text: 'Routes', href: '/routes' },
      { text: name, href: `/routes/${name}` },
    ],
    lead: 'What the app gets with every request. Whatever a client sends under the same names never reaches it.',
  })}${routeTabs(name, '/request')}${form({
    action: `/routes/${name}/request`,
    submit: 'Save',
    faults: faults.filter(({ field: at }) => at !== 'header' && at !== 'value'),
    cancel: { text: 'Cancel', href: `/routes/${name}` },
    body: html`${hidden('revision', values['revision'] ?? '')}${requestFields(values, faults)}`,
  })}${secretSection(shown)}`
  return { kind: 'page', page: { title, body, section: '/routes', frame: 'full' } } as const
}

function requestFields(values: FormValues, faults: readonly FieldFault[]): Html {
  const words = Object.entries(placeholders)
  return html`${textArea({
    name: 'identityHeaders',
    label: 'Who came',
    value: values['identityHeaders'],
    hint: html`One header a line. ${words.map(([name, text], at) => html`${at > 0 && '; '}<code>{${name}}</code>: ${text}`)}. Empty: the app is not told.`,
    rows: 5,
    code: true,
    faults,
  })}${checkboxes({
    name: 'assertion',
    label: 'Signed',
    values: values['assertion'] === 'on' ? ['on'] : [],
    faults,
    choices: [
      {
        value: 'on',
        text: 'Send X-Gatehouse-Assertion',
        hint: 'A signed JWT that says who came: for apps that verify it, or that others could reach too.',
      },
    ],
  })}${textArea({
    name: 'setHeaders',
    label: 'Headers with a fixed value',
    value: values['setHeaders'],
    hint: 'One a line: X-Tenant: acme. Everybody who may read the route sees them; keys and passwords belong below.',
    rows: 3,
    code: true,
    faults,
  })}${textArea({
    name: 'removeHeaders',
    label: 'Headers of the client that are kept back',
    value: values['removeHeaders'],
    hint: 'Names, one a line. Cookie and Authorization may be among them.',
    rows: 2,
    code: true,
    faults,
  })}${field({
    name: 'rewritePrefix',
    label: 'Path for the app',
    value: values['rewritePrefix'],
    hint: "What the app sees in place of the route's path, up to the first *: / or /app. Empty: the path as it is. The app is told by X-Forwarded-Prefix what was taken away; its links and cookies are its own to write.",
    autocomplete: 'off',
    code: true,
    faults,
  })}`
}

function secretSection({ name, values, secrets, faults, now }: Shown): Html {
  return html`<section aria-labelledby="secret-headers"><h2 id="secret-headers">Secret headers</h2>
<p>Keys that the app asks for. They are sealed when they arrive, and nobody is shown them again.</p>
${table({
  caption: 'Secret headers by name',
  columns: [
    { title: 'Header', role: 'name', cell: (row) => html`<code>${row.name}</code>` },
    { title: 'Set', cell: (row) => time(row.setAt, now) },
    {
      title: 'Clear',
      cell: (row) =>
        actionForm({
          action: `/routes/${name}/secret-headers/${encodeURIComponent(row.name)}/clear`,
          submit: 'Clear',
          label: `Clear the secret header ${row.name}`,
        }),
    },
  ],
  rows: secrets,
  empty: emptyState({ title: 'None', text: 'The app gets no header that is kept secret.' }),
})}${form({
  action: `/routes/${name}/secret-headers`,
  submit: 'Set the secret header',
  faults: faults.filter(({ field: at }) => at === 'header' || at === 'value'),
  body: html`${field({
    name: 'header',
    label: 'Name',
    value: values['header'],
    hint: 'Authorization, X-Api-Key. One of that name is replaced.',
    autocomplete: 'off',
    code: true,
    required: true,
    maxLength: 64,
    faults,
  })}${field({
    name: 'value',
    label: 'Value',
    type: 'password',
    hint: 'As the app expects it: Bearer 4f3c….',
    autocomplete: 'off',
    required: true,
    maxLength: 8192,
    faults,
  })}`,
})}</section>`
}
