import { type Actor, parsePermission, permissionText, type Resource } from '#kit'
import type { Ctx, ForeAnswer } from '#platform'
import { findGrantsById } from '../grants-store.ts'
import type { OpenAccess } from '../open.ts'
import { findPrincipals } from '../principals-store.ts'
import { askedText, type Explanation } from './explanation.ts'
import { findGranters, findPolicyAuthors, type Granters } from './granters.ts'
import { sourceName } from './words.ts'

/** A question as somebody puts it: about themselves, or, where they may, about somebody else. */
export interface Asked {
  readonly actor: Actor
  readonly permission: string | undefined
  /** `missing`: the id names nothing. */
  readonly resource: Resource | 'missing' | undefined
}

/** An explanation cut to what the one who asks may know. */
export interface Told {
  readonly explanation: Explanation
  /** The permission as it was asked, which names a thing even where that does not exist. */
  readonly permission: string | undefined
  /** Whether who asks may read decisions: policies are quoted, and what they looked at is shown. */
  readonly whole: boolean
  /** Whether who asks may know what the account holds: no credential, app or grant narrows them. */
  readonly holdings: boolean
  /**
   * What is asked before the chain, where there is such a thing: what it looked at only for who may read decisions. Told
   * only of what the chain allows, or to them: whether a thing exists is not for others.
   */
  readonly before: ForeAnswer | undefined
  /** The answer of both. */
  readonly allowed: boolean
  /** The permission is held for all of the kind, and the one named does not exist. */
  readonly missing: boolean
  readonly sources: readonly Source[]
  /** Who could change the answer by a grant, or by changing the policy; `undefined`: not for this asker. */
  readonly granters: Granters | undefined
  readonly authors: Granters | undefined
  /** It is about the asker, a grant would help, and so it can be asked for. */
  readonly mayAsk: boolean
}

/** A role or grant that gives the permission. */
export interface Source {
  readonly kind: 'role' | 'grant'
  /** The role's name, the grant's id. */
  readonly name: string
  /** Who gave the grant, by name. */
  readonly from?: string
  /** When the grant ends; milliseconds since the epoch. */
  readonly endsAt?: number
}

/**
 * Asks the chain as a door would and says as much as the asker may know: about oneself everything that is one's own; the
 * text of policies, the attributes they looked at and what others are told only to whoever may read decisions; who could
 * grant it only to whoever may see people. `undefined` for a text that is no permission.
 */
export async function tell(access: OpenAccess, ctx: Ctx, asked: Asked): Promise<Told | undefined> {
  const found = await explainAsDoor(access, ctx, asked)
  if (found === undefined) return undefined
  const { explanation, missing } = found
  const { decision, change, question } = explanation
  const may = async (permission: string) =>
    (await access.face.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed
  const seesPeople = await may('accounts:read')
  const forbidden = decision.code === 'policy-forbids' && !change.grantHelps
  const text = askedText(question)
  const { principal, app, grant } = asked.actor
  const aboutOneself = principal.id === ctx.actor.principal.id && principal.kind === 'account'
  const whole = await may('decisions:read')
  const holdings = whole || isUnlimited(asked.actor)
  const via = holdings ? explanation.via : []
  const before = whole || decision.allowed ? await askBefore(access, ctx, explanation) : undefined
  return {
    before: before && { ...before, saw: whole ? before.saw : [] },
    allowed: decision.allowed && before?.allowed !== false,
    explanation: { ...explanation, via },
    permission: asked.permission,
    missing,
    whole,
    holdings,
    sources: await sourcesOf(ctx, via),
    granters: seesPeople && change.grantHelps && text !== undefined ? await findGranters(access, ctx, text) : undefined,
    authors: seesPeople && forbidden ? await findPolicyAuthors(access, ctx) : undefined,
    mayAsk: aboutOneself && change.grantHelps && app === undefined && grant === undefined,
  }
}

async function askBefore(
  access: OpenAccess,
  ctx: Ctx,
  { question: { actor, permission, resource } }: Explanation,
): Promise<ForeAnswer | undefined> {
  if (permission === undefined || resource === undefined) return undefined
  return access.foreCheck(permission.type, permission.action)?.answer(ctx, resource.id, actor.address)
}

function isUnlimited({ credential, app, grant }: Actor): boolean {
  return credential?.permissions.includes('*') !== false && app === undefined && grant === undefined
}

/** An id that names nothing is asked as the door asks it: of all the kind, and else in the words of one that exists. */
async function explainAsDoor(
  { decisions }: OpenAccess,
  { now }: Ctx,
  { actor, permission, resource }: Asked,
): Promise<{ readonly explanation: Explanation; readonly missing: boolean } | undefined> {
  if (resource !== 'missing') {
    const explanation = await decisions.explain(actor, permission, resource, now)
    return explanation && { explanation, missing: false }
  }
  const parsed = parsePermission(permission ?? '')
  if (parsed === undefined) return undefined
  const all = await decisions.explain(actor, permissionText({ ...parsed, id: undefined }), undefined, now)
  if (all?.decision.allowed === true) return { explanation: all, missing: true }
  const one = await decisions.explain(actor, permission, undefined, now)
  const explanation = one?.decision.allowed === false ? one : all
  return explanation && { explanation, missing: false }
}

async function sourcesOf(ctx: Ctx, via: readonly string[]): Promise<readonly Source[]> {
  const shown = via.slice(0, 50)
  const grantIds = shown.flatMap((source) => (source.startsWith('grant:') ? [source.slice(6)] : []))
  const grants = new Map((await findGrantsById(ctx.db, grantIds)).map((row) => [row.id, row]))
  const grantors = [...grants.values()].map(({ grantor_id }) => grantor_id)
  const names = new Map((await findPrincipals(ctx.db, grantors)).map(({ id, name }) => [id, name]))
  return shown.map((source) => {
    if (source.startsWith('role:')) return { kind: 'role', name: source.slice(5) }
    const name = source.slice(6)
    const row = grants.get(name)
    return {
      kind: 'grant',
      name,
      ...(row === undefined ? {} : { from: names.get(row.grantor_id) ?? row.grantor_id }),
      ...(row === undefined || row.ends_at === null ? {} : { endsAt: row.ends_at }),
    }
  })
}

/** A source as a sentence says it: `the grant gra_… of Ada`. */
export function sourceText({ kind, name, from }: Source): string {
  const text = sourceName(`${kind}:${name}`)
  return from === undefined ? text : `${text} of ${from}`
}
