import type { FieldFault } from '#platform'
import {
  badge,
  button,
  checkboxes,
  command,
  confirmation,
  dangerZone,
  facts,
  field,
  form,
  type Html,
  hidden,
  html,
  pageHeader,
  radios,
  table,
  textArea,
  time,
} from '#platform/ui'
import { daysOf, keyClasses, kindRules, lifeOf, type Profile, profileKinds } from '../issue/profile.ts'
import type { ProfileUse } from '../issue/profile-store.ts'

export const section = '/certificates/profiles'
const certificates = { text: 'Certificates', href: '/certificates' }
const profiles = { text: 'Profiles', href: section }

/** Every profile, and how to make one. */
export function profilesPage(data: { readonly profiles: readonly Profile[]; readonly mayCreate: boolean }): Html {
  return html`${pageHeader({
    title: 'Certificate profiles',
    trail: [certificates],
    lead: 'A profile decides all that its certificates say: what they prove, for how long, with which keys and names.',
    action: data.mayCreate ? { text: 'Make a profile', href: `${section}/new` } : undefined,
  })}
${table({
  caption: 'Profiles, built-in ones first',
  columns: [
    { title: 'Profile', role: 'name', cell: ({ name }) => html`<a href="${pathOf(name)}">${name}</a>` },
    { title: 'What it is', cell: ({ title }) => title },
    { title: 'Days', cell: (profile) => String(daysOf(profile)) },
    { title: 'Line', cell: ({ line }) => line },
    { title: 'Names', cell: ({ names }) => summary(names) },
    { title: 'Origin', cell: ({ builtIn }) => (builtIn ? badge('off', 'Built in') : 'Your own') },
  ],
  rows: data.profiles,
  empty: html``,
})}`
}

export interface ProfilePageData {
  readonly profile: Profile
  readonly use: ProfileUse
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
  readonly now: number
}

export function profilePage({ profile, use, mayUpdate, mayDelete, now }: ProfilePageData): Html {
  const { name, kind, createdAt, updatedAt, builtIn } = profile
  return html`${pageHeader({
    title: profile.title,
    trail: [certificates, profiles],
    lead: profile.description === '' ? undefined : profile.description,
    action: mayUpdate && !builtIn ? { text: 'Change the profile', href: `${pathOf(name)}/edit` } : undefined,
  })}
${facts([
  { term: 'Name', value: html`<code>${name}</code>${builtIn && html` ${badge('off', 'Built in')}`}` },
  { term: 'Kind', value: html`${kind}: ${kindRules[kind].title}` },
  { term: 'Line', value: profile.line },
  { term: 'Longest life', value: lifeOf(profile) },
  { term: 'Keys', value: profile.keys.join(', ') },
  { term: 'Names', value: profile.names.length === 0 ? 'none but its holder’s' : lines(profile.names) },
  { term: 'Valid now', value: html`${counted(use.certificates, 'certificate')}` },
  { term: 'Created', value: createdAt === undefined ? undefined : time(createdAt, now) },
  { term: 'Changed', value: updatedAt === undefined ? undefined : time(updatedAt, now) },
])}
<p>${button({ text: 'Its certificates', href: `/certificates?${new URLSearchParams({ profile: name })}` }, 'plain')}</p>
${
  mayDelete &&
  !builtIn &&
  dangerZone([
    {
      title: 'Remove this profile',
      text: 'Nothing is issued or renewed by it any more; its certificates stand until they end.',
      href: `${pathOf(name)}/delete`,
      verb: 'Remove…',
    },
  ])
}`
}

/** What removing a profile will do. */
export function deleteProfilePage(
  { name, title, revision }: Profile,
  { certificates: valid, tokens }: ProfileUse,
): Html {
  return html`${pageHeader({ title: 'Remove a profile', trail: [certificates, profiles, { text: title, href: pathOf(name) }] })}
${confirmation({
  title: `Remove the profile ${title}`,
  consequences: [
    'Nothing is issued or renewed by it any more. What shall prove nothing at once has to be revoked.',
    ...(valid === 0
      ? []
      : [
          `${counted(valid, 'certificate')} of it ${valid === 1 ? 'stands until its' : 'stand until their'} end, and ${valid === 1 ? 'is' : 'are'} not renewed.`,
        ]),
    ...(tokens === 0
      ? []
      : [`${counted(tokens, 'enrolment token')} of it ${tokens === 1 ? 'fetches' : 'fetch'} nothing any more.`]),
    `The name ${name} stays taken: certificates go on naming it.`,
  ],
  undo: 'This cannot be undone.',
  action: `${pathOf(name)}/delete`,
  verb: `Remove ${title}`,
  values: { revision: String(revision) },
  cancel: { text: 'Keep it', href: pathOf(name) },
})}`
}

/** As typed. */
export interface ProfileFormValues {
  readonly name?: string | undefined
  readonly kind?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly line?: string | undefined
  readonly days?: string | undefined
  readonly keys?: readonly string[] | undefined
  readonly names?: string | undefined
  readonly revision?: string | undefined
}

export interface ProfileFormData {
  /** Absent: a new profile. */
  readonly profile?: Profile
  readonly values: ProfileFormValues
  readonly faults: readonly FieldFault[]
}

export function profileFormPage({ profile, values, faults }: ProfileFormData): Html {
  const above = profile === undefined ? [] : [{ text: profile.title, href: pathOf(profile.name) }]
  return html`${pageHeader({
    title: profile === undefined ? 'Make a profile' : `Change ${profile.title}`,
    trail: [certificates, profiles, ...above],
    lead:
      profile === undefined
        ? 'It issues nothing by itself: whoever may issue by it can have what it allows, and nothing beyond.'
        : 'What is issued or renewed from now on is as it says then. Certificates that stand stay as they are.',
  })}
${form({
  action: profile === undefined ? section : `${pathOf(profile.name)}/edit`,
  submit: profile === undefined ? 'Make the profile' : 'Save the profile',
  cancel: { text: 'Cancel', href: profile === undefined ? section : pathOf(profile.name) },
  faults,
  body: html`${profile !== undefined && hidden('revision', values.revision ?? '')}${field({ name: 'title', label: 'Title', value: values.title, autocomplete: 'off', required: true, maxLength: 80, faults })}
${profile === undefined && identity(values, faults)}
${field({ name: 'description', label: 'Description', hint: 'What it is for. May stay empty.', value: values.description, autocomplete: 'off', maxLength: 500, faults })}
${content(values, faults)}`,
})}
${profile === undefined && command('gatehouse pki profiles create internal --kind server --title "Internal servers" --days 90 --name \'*.corp.example.org\'', 'The same in a terminal')}`
}

/** What never changes. */
function identity(values: ProfileFormValues, faults: readonly FieldFault[]): Html {
  return html`${field({
    name: 'name',
    label: 'Name',
    hint: 'Lower-case letters, digits and hyphens. It never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 63,
    code: true,
    faults,
  })}
${radios({
  name: 'kind',
  label: 'Kind',
  value: values.kind ?? 'server',
  required: true,
  choices: profileKinds.map((kind) => ({ value: kind, text: kind, hint: kindRules[kind].title })),
  faults,
})}`
}

function content(values: ProfileFormValues, faults: readonly FieldFault[]): Html {
  return html`${field({
    name: 'days',
    label: 'Days',
    hint: 'No certificate of it lives longer. 1 to 3650.',
    value: values.days ?? '90',
    type: 'number',
    inputMode: 'numeric',
    autocomplete: 'off',
    required: true,
    faults,
  })}
${textArea({
  name: 'names',
  label: 'Host names it may carry',
  hint: html`One on each line: <code>app.example.org</code>, <code>*.example.org</code> for all below it, <code>192.0.2.0/24</code> for addresses. May stay empty except for servers.`,
  value: values.names,
  rows: 4,
  code: true,
  faults,
})}
${checkboxes({
  name: 'keys',
  label: 'Keys it takes',
  choices: keyClasses.map((key) => ({ value: key, text: key === 'RSA' ? 'RSA, 2048 to 4096 bits' : key })),
  values: values.keys ?? keyClasses,
  required: true,
  faults,
})}
${field({
  name: 'line',
  label: 'Line of authorities',
  hint: 'servers, clients, or one of your own with an active authority. Empty: servers for servers, clients for all others. The line clients certifies names in the trust domain alone.',
  value: values.line,
  autocomplete: 'off',
  maxLength: 63,
  code: true,
  faults,
})}`
}

function lines(names: readonly string[]): Html {
  return html`${names.map((name, at) => html`${at > 0 && html`<br>`}<code>${name}</code>`)}`
}

function summary(names: readonly string[]): Html {
  const rest = names.length > 2 ? ` and ${names.length - 2} more` : ''
  return html`${names.slice(0, 2).map((name, at) => html`${at > 0 && ' '}<code>${name}</code>`)}${rest}`
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`
}

export function pathOf(name: string): string {
  return `${section}/${encodeURIComponent(name)}`
}
