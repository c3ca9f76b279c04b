import { askedText, type Explanation } from './explanation.ts'
import type { Told } from './telling.ts'

/** The same with what is asked before the chain: where that refuses, it is what has to change first. */
export function waysFor({ explanation, before }: Pick<Told, 'explanation' | 'before'>): readonly string[] {
  const ways = waysToChange(explanation)
  if (before === undefined) return ways
  if (before.allowed) return explanation.decision.allowed ? [...ways, before.way] : ways
  return explanation.decision.allowed ? [before.way] : [before.way, ...ways]
}

/** What would have to change for the other answer, one way a line. Every line is true of this question alone. */
export function waysToChange(explanation: Explanation): readonly string[] {
  return explanation.decision.allowed ? waysToRefusal(explanation) : waysToAllow(explanation)
}

function waysToAllow(explanation: Explanation): readonly string[] {
  switch (explanation.decision.step) {
    case 'principal':
      return explanation.decision.code === 'principal-disabled'
        ? ['The account being enabled again, by whoever may enable accounts.']
        : ['Coming as somebody Gatehouse knows.']
    case 'credential':
      return [credentialWay(explanation)]
    case 'app':
      return [`The app being allowed ${what(explanation)}, by whoever may change apps.`]
    case 'grant':
      return [`A grant in force that covers ${what(explanation)}, or not acting under a grant at all.`]
    case 'policy':
      return policyWays(explanation)
  }
}

function credentialWay(explanation: Explanation): string {
  const { code } = explanation.decision
  if (code === 'credential-network') return 'Coming from a network the credential may be used from.'
  if (code === 'credential-region') return 'Coming from a region the credential may be used in.'
  if (code === 'credential-expired') return 'A credential that has not expired.'
  if (code === 'credential-missing') return 'Proving who asks: signing in, or sending a token.'
  return `Using another credential, one that covers ${what(explanation)}. No role or grant widens this one.`
}

function policyWays(explanation: Explanation): readonly string[] {
  const { decision, change } = explanation
  switch (decision.code) {
    case 'not-held':
      return change.grantHelps
        ? [`A role or a grant that covers ${what(explanation)}.`]
        : [`Nothing gives ${what(explanation)}, and a grant alone would not be enough: a policy stands against it too.`]
    case 'not-named':
      return [
        'One of the policies it names permitting it. No role or grant gives it: only they do, whatever else is held.',
      ]
    case 'policy-forbids':
      return forbidWays(explanation)
    case 'sign-in-required':
      return ['Signing in.']
    case 'policy-failed':
      return ['The policy being mended: it could not be evaluated, and what is unclear is refused. The log says why.']
    default:
      return ['Asking for a permission that exists, about a thing it is made for.']
  }
}

function forbidWays({ decision, change }: Explanation): readonly string[] {
  const names = decision.policies.join(', ')
  if (change.grantHelps) {
    return [`A role or a grant that covers it: ${names} lets those pass who hold it by name.`]
  }
  const undo = `No role or grant undoes what a policy forbids. ${names} would have to change, or what it looks at.`
  return change.held
    ? [undo, 'Otherwise everything is in place: a role or grant gives it already.']
    : [undo, 'Besides, no role or grant gives it yet.']
}

function waysToRefusal(explanation: Explanation): readonly string[] {
  const { question, change, via, decision } = explanation
  const { credential } = question.actor
  const ways = ['The account being disabled.']
  if (question.permission === undefined) return ways
  if (change.restsOnHoldings) {
    ways.push(takenBack(via))
  } else {
    const names = decision.policies.filter((id) => id !== 'access:held').join(', ')
    ways.push(`${names === '' ? 'A policy' : names} no longer permitting it: it does so without any role or grant.`)
  }
  if (credential?.expiresAt !== undefined) ways.push('The credential expiring.')
  if (credential !== undefined && credential.networks.allow.length + credential.networks.deny.length > 0) {
    ways.push('Coming from a network the credential may not be used from.')
  }
  return ways
}

function takenBack(via: readonly string[]): string {
  const [first] = via
  // left out for an asker who may not know what the account holds
  if (first === undefined) return 'The role or grant that gives it being taken back.'
  return via.length === 1
    ? `${sentence(sourceName(first))} being taken back: nothing else gives it.`
    : `All of these being taken back: ${via.map(sourceName).join(', ')}. Each of them is enough.`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `role:auditor` in words. */
export function sourceName(source: string): string {
  return source.startsWith('role:') ? `the role ${source.slice(5)}` : `the grant ${source.slice(6)}`
}

function what(explanation: Explanation): string {
  return askedText(explanation.question) ?? 'this'
}
