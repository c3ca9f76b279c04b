import type { Decision, DecisionStep } from '#kit'
import type { FieldFault } from '../errors.ts'
import { type DecisionChainOptions, decisionChain } from './decision-chain.ts'
import { facts } from './facts.ts'
import { type Html, html, type Renderable } from './html.ts'
import { id } from './id.ts'
import { type Action, button, pageHeader } from './page-header.ts'

export interface ProblemPageOptions {
  readonly title: string
  /** From the error table: what happened, what was kept, what to do. */
  readonly detail: string
  readonly code: string
  readonly status: number
  /** `req_…`, to quote when asking for help. */
  readonly requestId?: string
  readonly faults?: readonly FieldFault[]
  /** The console's origin, for pages on other hosts: the page about the code is there. */
  readonly origin?: string
  /** The way on: back to the form, to sign-in, to the overview. */
  readonly action?: Action
}

/** The body of an error page. */
export function problemPage(options: ProblemPageOptions): Html {
  const { code, faults = [] } = options
  return html`<div class="problem">${pageHeader({ title: options.title, lead: options.detail })}
${faults.length > 0 && html`<ul>${faults.map((fault) => html`<li>${fault.field !== '' && html`<code>${fault.field}</code>: `}${fault.message}</li>`)}</ul>`}
${options.action && html`<p>${button(options.action)}</p>`}
${facts([
  {
    term: 'Code',
    value: html`<a href="${options.origin}/errors/${encodeURIComponent(code)}"><code>${code}</code></a>`,
  },
  { term: 'Status', value: options.status },
  ...(options.requestId === undefined ? [] : [{ term: 'Request', value: id(options.requestId) } as const]),
])}</div>`
}

export interface RefusalPageOptions {
  /** What was asked for: `open blog.example.org`. Absent for strangers. */
  readonly wanted?: Renderable
  readonly decision: Decision
  readonly saw?: DecisionChainOptions['saw']
  /** What would change the answer: `A role that permits routes:use:rt_…`. */
  readonly remedy?: Renderable
  /** Who can make that change: `An operator who may assign roles`. */
  readonly who?: Renderable
  /** What whoever was refused can do about it now. */
  readonly action?: Action
  /** A longer explanation, for those who may read it. */
  readonly why?: Action
  readonly requestId?: string
}

/**
 * The page that draws the whole chain of a question, on the console. It carries the question and the step that refused,
 * never who asked: whoever opens it asks as themselves.
 */
export function whyAddress(permission: string, step: DecisionStep): string {
  return `/why?${new URLSearchParams({ permission, step })}`
}

/** The body of a refusal to a signed-in person: what, which step, what would change it, who can. */
export function refusalPage(options: RefusalPageOptions): Html {
  const { decision } = options
  return html`<div class="problem">${pageHeader({
    title: 'Refused',
    lead: options.wanted === undefined ? decision.reason : html`You may not ${options.wanted}.`,
  })}
${decisionChain({ decision, saw: options.saw ?? {} })}
${facts([
  { term: 'What would change it', value: options.remedy ?? 'Another credential, or a role or grant that covers it.' },
  { term: 'Who can', value: options.who ?? 'An operator of this Gatehouse.' },
  ...(options.requestId === undefined ? [] : [{ term: 'Request', value: id(options.requestId) } as const]),
])}${options.action && html`<p>${button(options.action)}</p>`}${options.why && html`<p>${button(options.why, 'plain')}</p>`}</div>`
}

/** The body of a refusal to a stranger: that it was refused, and where to sign in. Nothing else. */
export function strangerRefusal(signIn?: Action): Html {
  return html`<div class="problem">${pageHeader({ title: 'Refused', lead: 'This was refused.' })}${signIn && html`<p>${button(signIn)}</p>`}</div>`
}
