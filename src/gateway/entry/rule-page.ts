import { z } from 'zod'
import { type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import { field, form, type Html, hidden, html, pageHeader, radios, textArea } from '#platform/ui'
import type { AdminDeps } from '../admin/admin-deps.ts'
import { type FormValues, typed, words } from '../admin/form.ts'
import { orShowTyped, requireRevision } from '../admin/stale.ts'
import { routeParams, type UpdateRoute, updateRouteBody } from '../contract.ts'
import { getRoute, updateRoute } from '../published-routes.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { routeTabs } from '../views/route-tabs.ts'
import type { KnownAuthenticator } from './authenticators.ts'

const { authenticators, regions, onRefusal, mode } = updateRouteBody.shape

const ruleForm = z.strictObject({
  revision: z.coerce.number().int(),
  authenticators: words.pipe(authenticators.unwrap()),
  regions: words.transform((codes) => codes.map((code) => code.toUpperCase())).pipe(regions.unwrap()),
  assurance: z.enum(['any', 'factors', 'phishing-resistant', 'both']),
  onRefusal: onRefusal.unwrap(),
  mode: mode.unwrap(),
})

/** `/routes/{name}/rule`: which credentials count, how surely, from where, and whether the rule is enforced. */
export function rulePages(deps: AdminDeps): readonly Route[] {
  const known = () => deps.authenticators.known()
  return [
    route({
      method: 'GET',
      path: '/routes/{name}/rule',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        return pageReply(found.name, ruleValues(found), [], known())
      },
    }),
    route({
      method: 'POST',
      path: '/routes/{name}/rule',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      body: ruleForm,
      async handler(ctx, { params: { name }, body }) {
        const { revision, assurance, ...rest } = body
        const change: UpdateRoute = { ...rest, assurance: assuranceOf(assurance) }
        const typedIn = (at: number): FormValues => ({ ...texts(change), assurance, revision: String(at) })
        try {
          return await orShowTyped(
            ctx,
            name,
            async () => {
              await updateRoute(deps, ctx, name, change, requireRevision(revision))
              return { kind: 'redirect', location: `/routes/${name}` }
            },
            (now, faults) => pageReply(name, typedIn(now.revision), faults, known()),
          )
        } catch (error) {
          const at = error instanceof GateError ? conflicts[error.code] : undefined
          if (at === undefined || !(error instanceof GateError)) throw error
          const reply = pageReply(name, typedIn(revision), [{ field: at, message: error.detail }], known())
          return { ...reply, status: error.status }
        }
      },
      invalid: async (_, { params, form: given, faults }) =>
        pageReply(params['name'] ?? '', typed(given), faults, known()),
    }),
  ]
}

const conflicts: Readonly<Record<string, string>> = {
  'gateway.authenticator-unknown': 'authenticators',
  'gateway.assurance-of-nobody': 'assurance',
}

function assuranceOf(word: z.infer<typeof ruleForm>['assurance']): GatewayRoute['assurance'] {
  return {
    factors: word === 'factors' || word === 'both' ? 2 : 1,
    phishingResistant: word === 'phishing-resistant' || word === 'both',
  }
}

function ruleValues(found: GatewayRoute): FormValues {
  const { factors, phishingResistant } = found.assurance
  const assurance = phishingResistant
    ? factors === 2
      ? 'both'
      : 'phishing-resistant'
    : factors === 2
      ? 'factors'
      : 'any'
  return { ...texts(found), assurance, revision: String(found.revision) }
}

function texts(given: Pick<UpdateRoute, 'authenticators' | 'regions' | 'onRefusal' | 'mode'>): FormValues {
  return {
    authenticators: given.authenticators?.join(' '),
    regions: given.regions?.join(' '),
    onRefusal: given.onRefusal,
    mode: given.mode,
  }
}

function pageReply(
  name: string,
  values: FormValues,
  faults: readonly FieldFault[],
  known: readonly KnownAuthenticator[],
): Reply {
  const body = html`${pageHeader({
    title: `Rule of ${name}`,
    trail: [
      { text: 'Routes', href: '/routes' },
      { text: name, href: `/routes/${name}` },
    ],
    lead: 'Which credentials count on this route, how surely somebody must be proven, and from where.',
  })}${routeTabs(name, '/rule')}${form({
    action: `/routes/${name}/rule`,
    submit: 'Save the rule',
    faults,
    cancel: { text: 'Cancel', href: `/routes/${name}` },
    body: html`${hidden('revision', values['revision'] ?? '')}${ruleFields(values, faults, known)}`,
  })}`
  return { kind: 'page', page: { title: `Rule of ${name}`, body, section: '/routes', frame: 'full' } }
}

function ruleFields(values: FormValues, faults: readonly FieldFault[], known: readonly KnownAuthenticator[]): Html {
  return html`${field({
    name: 'authenticators',
    label: 'Credentials that count, in order',
    value: values['authenticators'],
    hint: html`The first that is there decides; one that is there and bad is refused. ${known.map(
      ({ name, title }, at) => html`${at > 0 && '; '}<code>${name}</code>: ${title}`,
    )}.`,
    autocomplete: 'off',
    code: true,
    required: true,
    faults,
  })}${radios({
    name: 'assurance',
    label: 'How surely somebody must be proven',
    value: values['assurance'],
    required: true,
    faults,
    choices: [
      { value: 'any', text: 'By any credential' },
      {
        value: 'factors',
        text: 'By two independent factors',
        hint: 'A password and a code, or a passkey that asks for a PIN.',
      },
      {
        value: 'phishing-resistant',
        text: 'By one that cannot be phished',
        hint: 'A passkey or a client certificate.',
      },
      { value: 'both', text: 'By two factors, one of which cannot be phished' },
    ],
  })}${textArea({
    name: 'regions',
    label: 'Only from these countries',
    value: values['regions'],
    hint: 'ISO codes: DE AT CH. Empty: from everywhere. An address whose country is unknown is in none.',
    rows: 2,
    code: true,
    faults,
  })}${radios({
    name: 'onRefusal',
    label: 'Who is refused gets',
    value: values['onRefusal'],
    required: true,
    faults,
    choices: [
      {
        value: 'auto',
        text: 'What suits them',
        hint: 'Browsers are led to sign-in and get pages, programs get problem+json.',
      },
      { value: 'api', text: 'Always problem+json', hint: 'For an API: never a redirect, never a page.' },
    ],
  })}${radios({
    name: 'mode',
    label: 'The rule is',
    value: values['mode'],
    required: true,
    faults,
    choices: [
      { value: 'enforce', text: 'Enforced' },
      {
        value: 'shadow',
        text: 'Only tried out (shadow mode)',
        hint: 'Everybody reaches the app. What the rule would refuse stands in the journal and is counted.',
      },
    ],
  })}`
}
