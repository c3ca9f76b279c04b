import type { Actor, Decision } from '#kit'
import { GateError, type RefusedQuestion } from '../errors.ts'
import type { ShellPage } from '../room/contract.ts'
import { problemPage, refusalPage, sawOf, strangerRefusal, whyAddress } from '../ui-kit/index.ts'
import type { Problem } from './problem.ts'

/**
 * The page of a failure. Somebody known learns which step refused and what would change it; a stranger that it was
 * refused, and where to sign in.
 */
export function problemView(problem: Problem, error: unknown, actor: Actor): ShellPage {
  const { title } = problem
  const known = actor.principal.kind !== 'anonymous'
  if (!known && problem.status === 403 && problem.code !== 'platform.cross-origin') {
    return { title, frame: 'bare', body: strangerRefusal({ text: 'Sign in', href: '/sign-in' }) }
  }
  const frame = known ? 'full' : 'bare'
  if (known && error instanceof GateError && error.refusal !== undefined) {
    return { title, frame, body: refusalOf(problem, error.refusal, actor) }
  }
  const lost = known && problem.status === 404
  return {
    title,
    frame,
    body: problemPage({ ...problem, ...(lost ? { action: { text: 'Search for it', href: '/search' } } : {}) }),
  }
}

function refusalOf({ requestId }: Problem, { decision, permission }: RefusedQuestion, actor: Actor): ShellPage['body'] {
  return refusalPage({
    wanted: permission === undefined ? undefined : `do this: it needs ${permission}`,
    decision,
    requestId,
    saw: sawOf(actor, decision),
    ...(permission === undefined ? {} : { why: { text: 'Why?', href: whyAddress(permission, decision.step) } }),
    ...remedyOf(decision, permission),
  })
}

interface Remedy {
  readonly remedy: string
  readonly who: string
}

function remedyOf({ step, code }: Decision, permission: string | undefined): Remedy {
  const what = permission ?? 'this'
  switch (step) {
    case 'principal':
      return { remedy: 'The account being active again.', who: 'Whoever may enable accounts here.' }
    case 'credential':
      return { remedy: credentialRemedy(code, what), who: 'You, with another credential.' }
    case 'app':
      return { remedy: `The app being allowed ${what}.`, who: 'Whoever may change apps here.' }
    case 'grant':
      return { remedy: `A grant in force that covers ${what}.`, who: 'Whoever gave the grant.' }
    case 'policy':
      return {
        remedy: `A role or a grant that covers ${what}.`,
        who: 'Whoever may give roles here, such as an administrator.',
      }
  }
}

function credentialRemedy(code: string, what: string): string {
  if (code === 'credential-network') return 'Coming from a network this credential is allowed on.'
  if (code === 'credential-expired') return 'A credential that has not expired.'
  return `A credential that covers ${what}.`
}
