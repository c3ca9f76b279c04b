import type { NamedNetwork } from '#access'
import { countryCodes, countryName } from '#kit'
import type { Ctx, FieldFault, PermissionType } from '#platform'
import {
  type Choice,
  checkboxes,
  faultOf,
  field,
  type Html,
  html,
  nothing,
  notice,
  radios,
  select,
  textArea,
} from '#platform/ui'
import type { Parts } from '../parts.ts'
import type { LimitQuestion } from './limit-questions.ts'
import { type LimitsForm, lives } from './limits-form.ts'
import { overlapsInWords } from './limits-words.ts'

/** What the limits part of a form is drawn from. */
export interface LimitsView {
  readonly form: LimitsForm
  readonly faults: readonly FieldFault[]
  readonly questions: readonly LimitQuestion[]
  readonly permissionTypes: readonly PermissionType[]
  readonly networks: readonly NamedNetwork[]
  /** Where the reader comes from. */
  readonly address: string | undefined
  readonly region: string | undefined
}

/** What a form that is shown again says about itself. */
export interface LimitsExtra {
  readonly faults?: readonly FieldFault[]
  readonly questions?: readonly LimitQuestion[]
}

/** Reads what the limits part of a form offers, for whoever asks. */
export async function limitsView(
  { access, kernel }: Pick<Parts, 'access' | 'kernel'>,
  ctx: Ctx,
  form: LimitsForm,
  extra: LimitsExtra = {},
): Promise<LimitsView> {
  const { address } = ctx.actor
  return {
    form,
    faults: extra.faults ?? [],
    questions: extra.questions ?? [],
    permissionTypes: access.permissionTypes(),
    networks: await access.namedNetworks(ctx),
    address,
    region: kernel.regions.regionOf(address),
  }
}

/** The limits of a credential as fields of a form: what it may, from where, where not, in which countries, how long. */
export function limitsFields(view: LimitsView): Html {
  return html`${questionsField(view)}${permissionFields(view)}${networkFields(view)}${regionField(view)}${lifeFields(view)}`
}

/** Questions first: what was typed stands below, and one tick more makes it. */
function questionsField({ questions }: LimitsView): Html {
  if (questions.length === 0) return nothing
  return html`${notice('warning', 'Nothing was made yet: is this meant?')}${checkboxes({
    name: 'confirmed',
    label: 'Make it all the same',
    required: true,
    values: [],
    choices: questions.map(({ code, message }) => ({ value: code, text: message })),
  })}`
}

function permissionFields({ form, faults, permissionTypes }: LimitsView): Html {
  const types = permissionTypes.map((type) => ({ type, choices: choicesOf(type) }))
  const listed = new Set(types.flatMap(({ choices }) => choices.map(({ value }) => value)))
  const written = form.permissions.filter((pattern) => !listed.has(pattern))
  return html`${radios({
    name: 'scope',
    label: 'What it may do',
    required: true,
    value: form.scope,
    choices: [
      { value: 'all', text: 'Everything I may, now and later' },
      { value: 'some', text: 'Only what is chosen below' },
    ],
    faults,
  })}
<div class="only-some">${checkboxes({
    name: 'permissions',
    label: 'Only this',
    choices: types.flatMap(({ choices }) => choices),
    values: form.permissions,
    faults,
  })}
${textArea({
  name: 'morePermissions',
  label: 'Narrower or wider permissions',
  hint: 'One on a line: accounts:read:acc_… for one thing only, routes:* for every action.',
  value: [...written, form.morePermissions].filter((line) => line !== '').join('\n'),
  rows: 3,
  code: true,
  faults,
})}</div>`
}

function choicesOf({ type, actions }: PermissionType): readonly Choice[] {
  return Object.entries(actions).map(([action, words]) => {
    const pattern = `${type}:${action}`
    return { value: pattern, text: words, hint: html`<code>${pattern}</code>`, group: type.replaceAll('-', ' ') }
  })
}

function networkFields({ form, faults, networks, address }: LimitsView): Html {
  const names = networks.map(({ name, title }) => html`<li><code>@${name}</code> ${title}</li>`)
  const overlaps = overlapsInWords({ allow: entriesOf(form.allow), deny: entriesOf(form.deny) })
  return html`${textArea({
    name: 'allow',
    label: 'Only from these networks',
    hint: html`One a line, such as <code>10.0.0.0/8</code>, <code>2001:db8::/32</code> or one address. Empty: from anywhere.${address === undefined ? nothing : html` You come from <code>${address}</code>.`}`,
    value: form.allow,
    rows: 3,
    code: true,
    faults,
  })}
${textArea({
  name: 'deny',
  label: 'Never from these networks',
  hint: 'What stands here is refused even where it is allowed above.',
  value: form.deny,
  rows: 2,
  code: true,
  faults,
})}
${overlaps.length > 0 && notice('info', 'Networks that stand in both lists', html`<ul>${overlaps.map((line) => html`<li>${line}</li>`)}</ul>`)}
${names.length > 0 && html`<details><summary>Named networks to write here</summary><ul>${names}</ul></details>`}`
}

function regionField({ form, faults, region }: LimitsView): Html {
  const choices = countryCodes
    .map((code) => ({ value: code, text: countryName(code) }))
    .toSorted((one, other) => one.text.localeCompare(other.text, 'en'))
  const chosen = form.regions.map(countryName).join(', ')
  const here = region === undefined ? 'The country you are in now is not known.' : `You are in ${countryName(region)}.`
  const open = ['regions', 'country'].some((name) => faultOf(faults, name) !== undefined)
  const byName = field({
    name: 'country',
    label: 'Add countries by name',
    hint: 'Type a few letters and choose, or write several with commas between: “Austria, CH”. They count beside those ticked below.',
    value: form.country,
    autocomplete: 'off',
    suggestions: choices.map(({ text }) => text),
    maxLength: 1_000,
    faults,
  })
  return html`<details${open && html` open`}><summary>Only in some countries${chosen === '' ? nothing : html`: ${chosen}`}</summary>${byName}<div class="scrolled">${checkboxes(
    {
      name: 'regions',
      label: 'Countries',
      hint: `By where an address is registered. An address whose country is not known, a private one among them, is refused once any is ticked. ${here}`,
      choices,
      values: form.regions,
      faults,
    },
  )}</div></details>`
}

function lifeFields({ form, faults }: LimitsView): Html {
  return html`${select({
    name: 'lasts',
    label: 'Lasts',
    value: form.lasts,
    required: true,
    choices: Object.entries(lives).map(([value, text]) => ({ value, text })),
    faults,
  })}
<div class="only-until">${field({
    name: 'until',
    label: 'Last day',
    hint: 'For “Until a date”. Through the end of that day, in UTC.',
    type: 'date',
    value: form.until,
    autocomplete: 'off',
    faults,
  })}</div>`
}

function entriesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/)
}
