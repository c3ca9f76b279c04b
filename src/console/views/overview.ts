import type { AppLink, AuditRecord, Pending, SetupStep } from '#platform'
import {
  badge,
  button,
  command,
  emptyState,
  facts,
  type Html,
  html,
  link,
  mark,
  pageHeader,
  type Tone,
} from '#platform/ui'
import { journalTable } from './journal.ts'

export interface OverviewOptions {
  readonly host: string
  readonly now: number
  readonly name: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly credential: string | undefined
  readonly address: string | undefined
  /** Steps of getting started this person may take; empty when there are none. */
  readonly steps: readonly { readonly step: SetupStep; readonly done: boolean | undefined }[]
  /** What waits for this person. */
  readonly pending: readonly Pending[]
  readonly apps: readonly AppLink[]
  /** The newest records, for who may read the journal. */
  readonly records: readonly AuditRecord[] | undefined
}

/** The first page after signing in: what is left to set up, what is open to me, what happened lately. */
export function overviewPage(options: OverviewOptions): Html {
  const { name, host, steps, pending, apps, records, now } = options
  const unfinished = steps.some(({ done }) => done === false)
  return html`${pageHeader({ title: 'Overview', lead: `Signed in to ${host} as ${name}.` })}
${pending.length > 0 && waiting(pending)}
${unfinished && checklist(steps)}
${appList(apps)}
${records && lately(records, now)}
${standing(options)}`
}

function waiting(pending: readonly Pending[]): Html {
  return html`<section aria-labelledby="waiting"><h2 id="waiting">Waiting for you <span class="faint">${pending.length}</span></h2><ul class="steps">${pending.map(
    ({ title, text, action }) =>
      html`<li class="open">${mark('info')}<div><h3>${title}</h3><p>${text}</p></div>${button(action, 'plain')}</li>`,
  )}</ul></section>`
}

function checklist(steps: OverviewOptions['steps']): Html {
  const left = steps.filter(({ done }) => done === false)
  const counted = steps.filter(({ done }) => done !== undefined).length
  return html`<section aria-labelledby="set-up"><h2 id="set-up">Set-up <span class="faint">${left.length} of ${counted} left</span></h2><ol class="steps">${steps.map(
    ({ step, done }) => html`<li class="${done === true ? 'done' : 'open'}">${mark(markOf(done))}<div>
<h3>${step.title}</h3><p>${step.text}</p>
${done !== true && step.command !== undefined && command(step.command, 'Or in a terminal')}</div>
${done ? badge('good', 'Done') : button(step.action, step === left[0]?.step ? 'primary' : 'plain')}</li>`,
  )}</ol></section>`
}

// what cannot be seen from here is information, not a gap
function markOf(done: boolean | undefined): Tone {
  return done === undefined ? 'info' : done ? 'good' : 'off'
}

function appList(apps: readonly AppLink[]): Html {
  const list =
    apps.length === 0
      ? emptyState({
          title: 'No apps are open to you',
          text: 'An app appears here once a route to it lets you in. An operator of this Gatehouse can add one.',
        })
      : html`<ul class="apps">${apps.map(
          ({ name, href, note }) =>
            html`<li>${link({ text: name, href })}${note !== undefined && html`<small>${note}</small>`}</li>`,
        )}</ul>`
  return html`<section aria-labelledby="apps"><h2 id="apps">Apps</h2>${list}</section>`
}

function lately(records: readonly AuditRecord[], now: number): Html {
  return html`<section aria-labelledby="lately"><h2 id="lately">Lately</h2>${journalTable(records, now, 'The newest journal records')}
<p class="below">${link({ text: 'The whole journal', href: '/journal' })}</p></section>`
}

function standing({ name, roles, groups, credential, address }: OverviewOptions): Html {
  return html`<section aria-labelledby="you"><h2 id="you">You, here and now</h2>${facts([
    { term: 'Name', value: html`<a href="/account">${name}</a>` },
    { term: 'Through', value: credential },
    { term: 'From', value: address !== undefined && html`<code>${address}</code>` },
    { term: 'Roles', value: roles.join(', ') },
    { term: 'Groups', value: groups.join(', ') },
  ])}</section>`
}
