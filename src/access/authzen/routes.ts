import type { z } from 'zod'
import type { Decision } from '#kit'
import { type Ctx, type Reply, type RequestView, type Route, route } from '#platform'
import { fail } from '../errors.ts'
import type { RouteParts } from '../routes.ts'
import { consistencyHeader, consistencyOf, isBehind } from './consistency.ts'
import {
  configuration,
  type Decided,
  decided,
  type Evaluation,
  evaluationBody,
  evaluationsAnswer,
  evaluationsBody,
  found,
  foundActions,
  searchActionBody,
  searchResourceBody,
  searchSubjectBody,
  type semantics,
  type Undecided,
} from './contract.ts'
import { actorOf, breather, evaluate, evaluateThing, isAboutCaller, thingsOf } from './questions.ts'
import { searchActions, searchResources, searchSubjects } from './searches.ts'

const anybody = 'about oneself one may ask what knocking would tell; about others the handler asks for decisions:read'
const others = 'decisions:read'
const maxBody = 1_048_576

/** AuthZEN Authorization API 1.0. */
export function authzenRoutes(parts: RouteParts): readonly Route[] {
  return [...evaluations(parts), ...searches(parts), metadata(parts)]
}

function evaluations({ access }: RouteParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/access/v1/evaluation',
      door: 'api',
      access: { signedIn: anybody },
      echoRequestId: true,
      summary: 'AuthZEN: may this subject do this to that resource?',
      body: evaluationBody,
      responses: { 200: decided },
      handler: async (ctx, { body, request }) => {
        await requireAbout(access, ctx, [body.subject])
        const fresh = isBehind(access.decisions.epoch(), request)
        return reply(access, decidedJson(await evaluate(access, ctx, body, fresh)))
      },
    }),
    route({
      method: 'POST',
      path: '/access/v1/evaluations',
      door: 'api',
      access: { signedIn: anybody },
      echoRequestId: true,
      maxBody,
      summary: 'AuthZEN: many questions at once, all of them or until the first that denies or permits',
      body: evaluationsBody,
      responses: { 200: evaluationsAnswer },
      handler: async (ctx, { body, request }) => {
        const { evaluations: each = [], options } = body
        const all = (each.length === 0 ? [{}] : each).map((one) => completed(body, one))
        const [first] = all
        if (each.length === 0 && first !== undefined && 'missing' in first) {
          throw fail('access.incomplete-evaluation', { fields: first })
        }
        const questions = all.flatMap((one) => ('missing' in one ? [] : [one]))
        await requireAbout(
          access,
          ctx,
          questions.map(({ subject }) => subject),
        )
        const fresh = isBehind(access.decisions.epoch(), request)
        const things = await thingsOf(
          access,
          ctx,
          questions.map((question) => question.resource),
        )
        const actors = new Map<string, Awaited<ReturnType<typeof actorOf>>>()
        const answers: (Decided | Undecided)[] = []
        for (const [index, question] of all.entries()) {
          await breather(index)
          if ('missing' in question) {
            answers.push(undecidedJson(question.missing))
            if (isOver(options.evaluations_semantic, false)) break
            continue
          }
          const { subject, resource, context } = question
          const key = JSON.stringify([subject.type, subject.id, context?.address])
          const actor = actors.has(key) ? actors.get(key) : await actorOf(ctx, subject, context?.address)
          actors.set(key, actor)
          const { allowed, ...rest } = await evaluateThing(access, ctx, actor, question, things(resource), fresh)
          answers.push(decidedJson({ allowed, ...rest }))
          if (isOver(options.evaluations_semantic, allowed)) break
        }
        return reply(access, each.length === 0 ? answers[0] : { evaluations: answers })
      },
    }),
  ]
}

function searches({ access, keyring }: RouteParts): readonly Route[] {
  const common = { method: 'POST', door: 'api', access: { signedIn: anybody }, echoRequestId: true } as const
  return [
    route({
      ...common,
      path: '/access/v1/search/subject',
      summary: 'AuthZEN: who may do this to that resource?',
      body: searchSubjectBody,
      responses: { 200: found },
      handler: async (ctx, { body: { subject, resource, action, context, page }, request }) => {
        await access.face.require(ctx, others)
        const search = { keyring, limit: page.limit, token: page.token }
        const asked = { kind: subject.type, resource, action: action.name, address: context?.address }
        const { ids, next } = await searchSubjects(upToDate(access, request), ctx, search, asked)
        return reply(access, foundJson(subject.type, ids, next))
      },
    }),
    route({
      ...common,
      path: '/access/v1/search/resource',
      summary: 'AuthZEN: to which resources of a type may this subject do this?',
      body: searchResourceBody,
      responses: { 200: found },
      handler: async (ctx, { body: { subject, resource, action, context, page }, request }) => {
        await requireAbout(access, ctx, [subject])
        const search = { keyring, limit: page.limit, token: page.token }
        const asked = { subject, type: resource.type, action: action.name, address: context?.address }
        const { ids, next } = await searchResources(upToDate(access, request), ctx, search, asked)
        return reply(access, foundJson(resource.type, ids, next))
      },
    }),
    route({
      ...common,
      path: '/access/v1/search/action',
      summary: 'AuthZEN: what may this subject do to that resource?',
      body: searchActionBody,
      responses: { 200: foundActions },
      handler: async (ctx, { body: { subject, resource, context }, request }) => {
        await requireAbout(access, ctx, [subject])
        const names = await searchActions(upToDate(access, request), ctx, {
          subject,
          resource,
          address: context?.address,
        })
        const page = { next_token: '', count: names.length }
        return reply(access, { page, results: names.map((name) => ({ name })) })
      },
    }),
  ]
}

/** Whoever has seen a change that this node's memory may not have is answered from the database, search by search. */
function upToDate(access: RouteParts['access'], request: RequestView): RouteParts['access'] {
  return isBehind(access.decisions.epoch(), request) ? access.fresh() : access
}

function metadata({ origin }: RouteParts): Route {
  return route({
    method: 'GET',
    path: '/.well-known/authzen-configuration',
    door: 'api',
    access: { public: 'where questions are answered is no secret; the answers are' },
    echoRequestId: true,
    summary: 'AuthZEN: where each question is asked',
    responses: { 200: configuration },
    handler: () => {
      const at = (path: string) => `${origin()}/access/v1/${path}`
      const body = {
        policy_decision_point: origin(),
        access_evaluation_endpoint: at('evaluation'),
        access_evaluations_endpoint: at('evaluations'),
        search_subject_endpoint: at('search/subject'),
        search_resource_endpoint: at('search/resource'),
        search_action_endpoint: at('search/action'),
      }
      return Promise.resolve({ kind: 'json', body })
    },
  })
}

type Part = 'subject' | 'resource' | 'action'

/** One of many with what the request says for all, or what it lacks still. */
function completed(
  common: Pick<z.infer<typeof evaluationsBody>, Part | 'context'>,
  one: Pick<z.infer<typeof evaluationsBody>, Part | 'context'>,
): Evaluation | { readonly missing: Part } {
  const subject = one.subject ?? common.subject
  const resource = one.resource ?? common.resource
  const action = one.action ?? common.action
  if (subject === undefined) return { missing: 'subject' }
  if (resource === undefined) return { missing: 'resource' }
  if (action === undefined) return { missing: 'action' }
  return { subject, resource, action, context: one.context ?? common.context }
}

function isOver(semantic: (typeof semantics)[number], allowed: boolean): boolean {
  return (semantic === 'deny_on_first_deny' && !allowed) || (semantic === 'permit_on_first_permit' && allowed)
}

/** @throws GateError `access.refused` where one of the subjects is not the caller and the caller may not ask about others */
async function requireAbout(
  access: RouteParts['access'],
  ctx: Ctx,
  subjects: readonly { readonly type: string; readonly id: string }[],
): Promise<void> {
  if (!subjects.every((subject) => isAboutCaller(ctx, subject))) await access.face.require(ctx, others)
}

function undecidedJson(missing: Part): Undecided {
  const message = `It has no ${missing}, and neither has the request as a whole.`
  return { decision: false, context: { error: { status: 400, message } } }
}

function decidedJson({ allowed, step, code, reason }: Decision): Decided {
  return { decision: allowed, context: { step, code, reason } }
}

function foundJson(type: string, ids: readonly string[], next: string): z.infer<typeof found> {
  return { page: { next_token: next, count: ids.length }, results: ids.map((id) => ({ type, id })) }
}

/** The answer with the token of what it rests on. */
function reply({ decisions }: RouteParts['access'], body: unknown): Reply {
  return { kind: 'json', headers: { [consistencyHeader]: consistencyOf(decisions.epoch()) }, body }
}
