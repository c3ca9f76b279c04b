import { type DecisionStep, decisionSteps } from '#kit'
import type { FieldFault, ForeAnswer, ShellPage } from '#platform'
import {
  badge,
  type Choice,
  command,
  decisionChain,
  field,
  form,
  type Html,
  html,
  link,
  nothing,
  notice,
  pageHeader,
  type Renderable,
  sawOf,
  select,
  table,
  time,
} from '#platform/ui'
import type { Granters } from '../why/granters.ts'
import type { Seen } from '../why/seen.ts'
import type { Source, Told } from '../why/telling.ts'
import { seenBy } from '../why/wire.ts'
import { waysFor } from '../why/words.ts'
import { askForm } from './requests.ts'

export const section = '/why'

export interface WhyView {
  /** Absent: nothing is asked yet. */
  readonly told: Told | undefined
  readonly faults: readonly FieldFault[]
  readonly values: { readonly permission: string; readonly principal: string; readonly address: string }
  /** Accounts that may be asked about. */
  readonly candidates: readonly Choice[]
  readonly maySeeOthers: boolean
  /** Id of who looks. */
  readonly self: string
  /** The step that refused where the reader comes from. */
  readonly came: DecisionStep | undefined
  readonly now: number
}

/** The whole decision: five links, what each saw, the rule, what would change it and who can. */
export function whyPage(view: WhyView): ShellPage {
  const { told, came } = view
  const body = html`${pageHeader({ title: 'Why?', lead: told === undefined ? asking : leadOf(view, told) })}
${told !== undefined && came !== undefined && cameFrom(told, came)}
${told !== undefined && explained(view, told)}
${questionForm(view)}`
  return { title: 'Why?', body, section, frame: 'full' }
}

const asking = 'Ask what you may do and why: the answer is the one a door would give, with every step that led to it.'

function leadOf({ self }: WhyView, { explanation, permission, allowed }: Told): Renderable {
  const { question } = explanation
  const { id, name } = question.actor.principal
  const who = id === self ? 'You' : name
  return html`${who} may ${!allowed && 'not '}do this: <code>${permission ?? 'be signed in'}</code>`
}

/** The link of a refusal asks again as whoever opens it: say so where the answer is another by now. */
function cameFrom({ explanation: { decision } }: Told, came: DecisionStep): Html | undefined {
  if (!decision.allowed && decision.step === came) return undefined
  return notice(
    'info',
    `Where you come from, the step “${came}” refused`,
    'This page asked again, as you are here and now. The answer is another because you come through another credential or from another address than there, or because something changed meanwhile.',
  )
}

function explained(view: WhyView, told: Told): Html {
  const { decision, rules } = told.explanation
  const { now } = view
  return html`${told.before !== undefined && beforeNotice(told.before)}
${decisionChain({ decision, saw: sawOf(told.explanation.question.actor, decision), tableBelow: true })}
${told.missing && notice('warning', 'There is no such thing', 'It is permitted for all of the kind; this one does not exist, and a door would say so.')}
${stepTable(told)}
<h2>What would change it</h2><ul>${waysFor(told).map((way) => html`<li>${way}</li>`)}</ul>
${whoCan(view, told)}
${told.mayAsk && told.permission !== undefined && askForm(told.permission)}
${told.sources.length > 0 && sourceTable(told, now)}
${decision.policies.length > 0 && quoted(told, rules)}
${command(commandOf(view), 'The same in a terminal')}`
}

/** What is asked before the chain: it refuses whatever the chain says below. */
function beforeNotice({ allowed, reason, saw }: ForeAnswer): Html {
  const seen = saw.map(({ name, values }) => html` ${name}: ${values.join(', ')}.`)
  return allowed
    ? notice('info', 'Asked before the chain, and passed', html`${reason}${seen}`)
    : notice('warning', 'Refused before the chain', html`${reason}${seen} Below stands what the chain says of it.`)
}

function stepTable(told: Told): Html {
  const { decision, steps } = told.explanation
  const said = new Map(steps.map((step) => [step.step, step]))
  return table({
    caption: 'The chain, step by step: what each saw and said',
    columns: [
      { title: 'Step', role: 'name', cell: (step) => step.charAt(0).toUpperCase() + step.slice(1) },
      { title: 'Answer', cell: (step) => answerOf(said.get(step), decision.step === step) },
      { title: 'It saw', cell: (step) => (said.has(step) ? seenList(seenBy(told, step)) : nothing) },
      { title: 'It said', cell: (step) => said.get(step)?.reason ?? nothing },
    ],
    rows: decisionSteps,
    empty: nothing,
  })
}

function answerOf(step: { readonly allowed: boolean } | undefined, deciding: boolean): Html {
  if (step === undefined) return badge('off', 'Not asked')
  if (!step.allowed) return badge('bad', 'Refused here')
  return badge('good', deciding ? 'Allowed here' : 'Passed')
}

function seenList(seen: readonly Seen[]): Renderable {
  return seen.map(
    ({ name, values, more }) =>
      html`<div class="seen"><span class="faint">${name}:</span> ${values.map((value, index) => html`${index > 0 && ', '}<code>${value}</code>`)}${more > 0 && ` and ${more} more`}</div>`,
  )
}

function whoCan({ maySeeOthers }: WhyView, { explanation, granters, authors }: Told): Renderable {
  const { decision, change } = explanation
  if (decision.allowed) return undefined
  if (granters !== undefined) return people('Who could grant it', granters, nobodyGrants)
  if (authors !== undefined) return people('Who could change the policy', authors, nobodyWrites)
  if (change.grantHelps) {
    return html`<h2>Who could grant it</h2><p>Whoever holds it and may pass it on. What is asked for here reaches them.</p>`
  }
  return maySeeOthers
    ? undefined
    : html`<h2>Who can</h2><p>An operator of this Gatehouse. Quote the permission and the step that refused.</p>`
}

const nobodyGrants =
  'No active account holds it by a role and may make grants; whoever runs this machine can give a role.'
const nobodyWrites = 'No active account may change policies; whoever runs this machine can.'

function people(title: string, { items, more }: Granters, nobody: string): Html {
  if (items.length === 0) return html`<h2>${title}</h2><p>${nobody}</p>`
  return html`<h2>${title}</h2><ul>${items.map(
    ({ id, name }) => html`<li>${link({ text: name, href: `/accounts/${id}` })}</li>`,
  )}</ul>${more && html`<p class="faint">and others</p>`}`
}

function sourceTable({ sources, whole }: Told, now: number): Html {
  return html`<h2>What gives it</h2>${table({
    caption: 'Roles and grants that give this permission; each is enough',
    columns: [
      { title: 'Source', role: 'name', cell: (source) => sourceLink(source, whole) },
      { title: 'From', cell: ({ kind, from }) => (kind === 'role' ? 'a role held' : (from ?? nothing)) },
      {
        title: 'Until',
        cell: ({ kind, endsAt }) =>
          endsAt === undefined ? (kind === 'role' ? 'taken back' : 'revoked') : time(endsAt, now),
      },
    ],
    rows: sources,
    empty: nothing,
  })}`
}

/** Whoever has a grant may look at it; a role's page is for who may see roles. */
function sourceLink({ kind, name }: Source, whole: boolean): Html {
  return kind === 'role'
    ? html`Role ${whole ? link({ text: name, href: `/roles/${encodeURIComponent(name)}` }) : name}`
    : html`Grant ${link({ text: shortened(name), href: `/grants/${encodeURIComponent(name)}` })}`
}

function shortened(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id
}

function quoted({ whole }: Told, rules: Told['explanation']['rules']): Html {
  if (!whole) {
    return html`<h2>The rule</h2><p class="faint">The text of policies is shown to whoever may read decisions.</p>`
  }
  return html`<h2>The rule</h2>${rules.map(
    ({ id, text }) =>
      html`<figure class="command"><figcaption><code>${id}</code></figcaption><div><pre tabindex="0" role="group" aria-label="Policy ${id}"><code>${dedented(text)}</code></pre></div></figure>`,
  )}`
}

/** Policies stand indented in their rooms' sources. */
function dedented(text: string): string {
  const lines = text.trim().split('\n')
  const indents = lines.slice(1).flatMap((line) => (line.trim() === '' ? [] : [line.length - line.trimStart().length]))
  const least = indents.length === 0 ? 0 : Math.min(...indents)
  return lines.map((line, index) => (index === 0 ? line : line.slice(least))).join('\n')
}

function commandOf({ values: { permission, principal, address } }: WhyView): string {
  const as = principal === '' ? '' : ` --as ${principal}`
  const from = address === '' ? '' : ` --from ${address}`
  return `gatehouse why ${permission}${as}${from}`
}

function questionForm({ values, faults, candidates, maySeeOthers, told }: WhyView): Html {
  const others = html`${select({
    name: 'principal',
    label: 'Who',
    hint: 'Asked as if they came with a credential that limits nothing.',
    value: values.principal,
    choices: [{ value: '', text: 'You, as you are here and now' }, ...candidates],
  })}${field({
    name: 'address',
    label: 'From the address',
    value: values.address,
    autocomplete: 'off',
    maxLength: 50,
    code: true,
  })}`
  return html`<h2>${told === undefined ? 'The question' : 'Another question'}</h2>${form({
    action: section,
    method: 'get',
    submit: 'Ask why',
    faults,
    body: html`${field({
      name: 'permission',
      label: 'Permission',
      hint: html`What is asked for: <code>routes:use:wiki</code>, <code>accounts:create</code>.`,
      value: values.permission,
      autocomplete: 'off',
      required: true,
      maxLength: 512,
      code: true,
      faults,
    })}${maySeeOthers && others}`,
  })}`
}
