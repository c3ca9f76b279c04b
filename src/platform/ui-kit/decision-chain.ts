import { type Actor, type Decision, type DecisionStep, decisionSteps } from '#kit'
import { mark, type Tone } from './badge.ts'
import { attributes, type Html, html, type Renderable } from './html.ts'

export interface DecisionChainOptions {
  readonly decision: Decision
  /** What each step had before it: `principal: alice, active`, `credential: password from 10.0.0.7`. */
  readonly saw: Partial<Readonly<Record<DecisionStep, Renderable>>>
  /** A table with the same and more follows: screen readers hear that one instead of the links. */
  readonly tableBelow?: boolean
}

/** What each step had before it, in words for the person the actor is: nothing in it is news to them. */
export function sawOf(actor: Actor, decision: Decision): DecisionChainOptions['saw'] {
  const { principal, credential, address, app, grant } = actor
  const from = address === undefined ? '' : ` from ${address}`
  return {
    principal: principal.name,
    credential: credential === undefined ? 'none' : `${credential.kind}${from}`,
    app: app?.id ?? 'no app acts',
    grant: grant?.id ?? 'no grant is used',
    policy: decision.policies.length === 0 ? 'nothing permits it' : decision.policies.join(', '),
  }
}

const questions: Readonly<Record<DecisionStep, string>> = {
  principal: 'Who is it?',
  credential: 'Does the credential cover it?',
  app: 'Does the app cover it?',
  grant: 'Does the grant cover it?',
  policy: 'Does policy permit it?',
}

type Link = 'passed' | 'allowed' | 'refused' | 'unreached'

const words: Readonly<Record<Link, string>> = {
  passed: 'Passed',
  allowed: 'Allowed here',
  refused: 'Refused here',
  unreached: 'Not asked',
}

const tones: Readonly<Record<Link, Tone>> = { passed: 'good', allowed: 'good', refused: 'bad', unreached: 'off' }

/** The five links of a decision in a row: what each saw, how it answered, and which one decided. An ordered list. */
export function decisionChain({ decision, saw, tableBelow }: DecisionChainOptions): Html {
  const deciding = decisionSteps.indexOf(decision.step)
  const links = decisionSteps.map((step, index) => {
    const answer: Link =
      index < deciding ? 'passed' : index > deciding ? 'unreached' : decision.allowed ? 'allowed' : 'refused'
    return html`<li class="${answer}"${attributes({ 'aria-current': index === deciding ? 'step' : undefined })}><span class="link-name">${step}</span>
<span class="link-answer">${mark(tones[answer])}${words[answer]}</span><span class="link-question">${questions[step]}</span>
<span class="link-saw">${answer === 'unreached' ? undefined : saw[step]}</span></li>`
  })
  return html`<figure class="chain"><figcaption>${mark(decision.allowed ? 'good' : 'bad')}<strong>${decision.allowed ? 'Allowed' : 'Refused'}</strong> at the step “${decision.step}”: ${decision.reason}</figcaption>
<ol${attributes({ 'aria-hidden': tableBelow === true ? 'true' : undefined })}>${links}</ol></figure>`
}
