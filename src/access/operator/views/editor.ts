import type { FieldFault, ShellPage } from '#platform'
import {
  badge,
  command,
  emptyState,
  field,
  form,
  type Html,
  hidden,
  html,
  link,
  notice,
  pageHeader,
  radios,
  table,
  textArea,
} from '#platform/ui'
import type { PolicyState } from '../../tables.ts'
import type { AccessChange, DryRun } from '../dry-run.ts'
import type { PolicyWithText } from '../policies-store.ts'
import type { CheckedText } from '../policy-check.ts'
import type { PolicyTemplate } from '../templates.ts'
import { diffLines } from '../text-diff.ts'
import { difference, listing } from './listing.ts'
import { above, pathOf, section } from './policies.ts'

/** What stands in the form. */
export interface PolicyForm {
  readonly name: string
  readonly title: string
  readonly text: string
  readonly state: PolicyState
  readonly reason: string
  /** The revision it was read at, for a change. */
  readonly revision: string
  /** The version whose text it is, for going back to it. */
  readonly version: string
}

export interface EditorView {
  /** Absent: a new policy. */
  readonly policy: PolicyWithText | undefined
  readonly values: PolicyForm
  readonly checked: CheckedText | undefined
  readonly faults: readonly FieldFault[]
  readonly templates: readonly PolicyTemplate[]
}

/** Writes or changes a policy; saving leads through a dry run. */
export function editorPage({ policy, values, checked, faults, templates }: EditorView): ShellPage {
  const title = policy === undefined ? 'Write a policy' : `Change ${policy.title}`
  const path = policy === undefined ? section : pathOf(policy.name)
  const notes = checked === undefined ? [] : [...checked.faults, ...checked.warnings]
  const body = html`${pageHeader({
    title,
    lead: 'Nothing is saved yet: the next page says whose access would change.',
    trail: policy === undefined ? [above] : [above, { text: policy.title, href: path }],
  })}
${notes.length > 0 && html`<h2>${checked?.faults.length === 0 ? 'Worth knowing' : 'What is wrong'}</h2>${listing('The text with what is wrong', values.text, notes)}`}
${policy === undefined && values.text === '' && templateTable(templates)}
${form({
  action: `${path}/try`,
  submit: 'See whose access changes',
  cancel: { text: 'Cancel', href: path },
  faults,
  body: html`${field({ name: 'title', label: 'Title', value: values.title, autocomplete: 'off', required: true, maxLength: 80, faults })}
${
  policy === undefined &&
  field({
    name: 'name',
    label: 'Name',
    hint: 'For the API, commands and decisions: lower-case letters, digits and hyphens. It never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 40,
    code: true,
    faults,
  })
}
${textArea({
  name: 'text',
  label: 'Text',
  hint: html`Cedar. A <code>forbid</code> wins over every role, grant and <code>permit</code>. The words: ${link({ text: 'schema', href: `${section}/schema` })}.`,
  value: values.text,
  rows: 18,
  maxLength: 16_384,
  code: true,
  numbered: { faulty: (checked?.faults ?? []).map(({ line }) => line) },
  required: true,
  faults,
})}
${radios({
  required: true,
  name: 'state',
  label: 'State',
  choices: [
    { value: 'enforced', text: 'In force', hint: 'It is part of every decision it can concern.' },
    {
      value: 'shadow',
      text: 'Shadow',
      hint: 'It is evaluated beside and decides nothing; what it would change is counted.',
    },
    { value: 'off', text: 'Off', hint: 'It is kept and decides nothing.' },
  ],
  value: values.state,
  faults,
})}
${field({ name: 'reason', label: 'Reason', hint: 'For the history and the journal.', value: values.reason, autocomplete: 'off', maxLength: 500, faults })}
${hidden('revision', values.revision)}`,
})}`
  return { title, body, section, frame: 'full' }
}

function templateTable(templates: readonly PolicyTemplate[]): Html {
  return html`<h2>Begin with</h2>${table({
    caption: 'Policies to begin with',
    columns: [
      {
        title: 'Template',
        role: 'name',
        cell: ({ name, title }) => link({ text: title, href: `${section}/new?template=${name}` }),
      },
      { title: 'What it does', cell: ({ description }) => description },
    ],
    rows: templates,
    empty: emptyState({ title: 'No templates', text: 'Write your own.' }),
  })}<h2>Or from nothing</h2>`
}

export interface TrialView {
  readonly policy: PolicyWithText | undefined
  readonly values: PolicyForm
  readonly checked: CheckedText
  readonly result: DryRun
}

/** Whose access would change, before it is saved. */
export function trialPage({ policy, values, checked, result }: TrialView): ShellPage {
  const title = 'Whose access changes'
  const path = policy === undefined ? section : pathOf(policy.name)
  const body = html`${pageHeader({
    title,
    lead: `${values.title}: nothing is saved yet.`,
    trail: policy === undefined ? [above] : [above, { text: policy.title, href: path }],
  })}
${verdict(values.state, result)}
${checked.warnings.length > 0 && notice('warning', 'Worth knowing', html`<ul>${checked.warnings.map(({ line, message }) => html`<li>Line ${line}: ${message}</li>`)}</ul>`)}
${result.changes.length > 0 && changeTable(result)}
${policy !== undefined && policy.text !== values.text && html`<h2>The text</h2>${difference('What changes in the text', diffLines(policy.text, values.text))}`}
${policy === undefined && html`<h2>The text</h2>${listing('The text of the policy', values.text)}`}
<div class="form-actions">
${result.lockOut === undefined && carrying(policy === undefined ? section : `${path}/save`, values, saveVerb(values, policy))}
${carrying(policy === undefined ? `${section}/again` : `${path}/again`, values, 'Change the text', 'plain')}
${link({ text: 'Cancel', href: path })}</div>
${command(`gatehouse policies dry-run ${values.name} -f ${values.name}.cedar`, 'The same in a terminal')}`
  return { title, body, section, frame: 'full' }
}

function saveVerb({ state, version }: PolicyForm, policy: PolicyWithText | undefined): string {
  if (version !== '') return `Go back to version ${version}`
  if (state === 'enforced')
    return policy?.state === 'enforced' ? 'Save; it stays in force' : 'Save and bring it into force'
  return state === 'shadow' ? 'Save and only watch it' : 'Save; it decides nothing'
}

function verdict(state: PolicyState, { losing, gaining, failing, checked, cut, lockOut, own }: DryRun): Html {
  const extent = `${checked} questions were asked with and without it${cut ? '; there are more than were asked' : ''}: what was used and refused lately, and every account for all it can concern.`
  return html`${
    lockOut !== undefined &&
    notice(
      'refused',
      'It would lock every administrator out',
      `It cannot be saved so. ${lockOut} Leave administrators a way.`,
    )
  }${own !== undefined && lockOut === undefined && notice('warning', 'It would refuse you', `From where you are now you could not change it back. ${own}`)}${
    failing > 0 &&
    notice('warning', 'It fails', `${failing} questions could not be worked out with it. Whatever fails is refused.`)
  }${
    losing + gaining === 0
      ? notice(
          'info',
          'No answer changes',
          `${state === 'enforced' ? '' : 'It decides nothing in this state. '}${extent}`,
        )
      : notice(
          'warning',
          `${count(losing, 'answer')} refused that ${losing === 1 ? 'is' : 'are'} allowed now, ${count(gaining, 'answer')} allowed that ${gaining === 1 ? 'is' : 'are'} refused now`,
          extent,
        )
  }`
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

const sources = { used: 'Used lately', refused: 'Refused lately', possible: 'Could be asked' } as const

/** So many stand open: what to do about them stands below, and a phone shows three at a time. */
const openChanges = 10

function changeTable({ changes, losing, gaining }: DryRun): Html {
  const more = losing + gaining - changes.length
  const rest = changes.slice(openChanges)
  return html`<h2>Before and after</h2>${changeRows(changes.slice(0, openChanges))}${
    rest.length > 0 && html`<details><summary>${rest.length} more</summary>${changeRows(rest)}</details>`
  }${more > 0 && html`<p>And ${more} that are not listed.</p>`}`
}

function changeRows(rows: readonly AccessChange[]): Html {
  const outcome = ({ allowed, reason }: AccessChange['before']) =>
    html`${allowed ? badge('good', 'Allowed') : badge('bad', 'Refused')} <span class="breaks">${reason}</span>`
  return table({
    caption: 'Answers that would change',
    columns: [
      { title: 'Who', role: 'name', cell: ({ principal }) => principal.name },
      { title: 'Asks', cell: ({ permission }) => html`<code class="breaks">${permission}</code>` },
      { title: 'From', cell: ({ address }) => address ?? 'unknown' },
      { title: 'Before', cell: ({ before }) => outcome(before) },
      { title: 'After', cell: ({ after }) => outcome(after) },
      { title: 'Why asked', cell: ({ source }) => sources[source] },
    ],
    rows,
    empty: emptyState({ title: 'No change', text: 'Nobody gains or loses anything.' }),
  })
}

/** A button that carries the whole form on. */
function carrying(action: string, values: PolicyForm, verb: string, look = 'primary'): Html {
  const fields = Object.entries(values) as readonly (readonly [string, string])[]
  return html`<form class="inline" method="post" action="${action}">${fields.map(([name, value]) => hidden(name, value))}<button type="submit" class="${look}">${verb}</button></form>`
}

/** The words of policies. */
export function schemaPage(schema: string): ShellPage {
  const body = html`${pageHeader({
    title: 'The words of policies',
    lead: 'Entity types with their attributes, actions and context, as Cedar writes a schema.',
    trail: [above],
  })}${listing('The schema', schema)}`
  return { title: 'The words of policies', body, section, frame: 'full' }
}
