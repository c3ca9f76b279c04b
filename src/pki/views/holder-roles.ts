import type { GivableRole } from '#access'
import { button, confirmation, form, type Html, html, pageHeader, select } from '#platform/ui'
import type { StoredHolder } from '../issue/holder-store.ts'
import { pathOf, rolesPath, section, titleOf } from './holders.ts'

function trailTo(holder: StoredHolder) {
  return [
    { text: 'Certificates', href: '/certificates' },
    { text: 'Devices and services', href: section },
    { text: titleOf(holder), href: pathOf(holder.id) },
  ]
}

/** Which role is meant. */
export function chooseRolePage(holder: StoredHolder, givable: readonly GivableRole[]): Html {
  const href = pathOf(holder.id)
  const header = pageHeader({
    title: `Give ${titleOf(holder)} a role`,
    trail: trailTo(holder),
    lead: 'The next page says what it may do with it.',
  })
  if (givable.length === 0) {
    return html`${header}<p>There is no role that you may give and it does not hold already.</p>
<p>${button({ text: 'Back', href }, 'plain')}</p>`
  }
  return html`${header}
${form({
  method: 'get',
  action: rolesPath(holder.id),
  submit: 'See what it gives',
  cancel: { text: 'Cancel', href },
  body: select({
    name: 'role',
    label: 'Role',
    required: true,
    value: givable[0]?.name ?? '',
    choices: givable.map(({ name, title }) => ({ value: name, text: title })),
  }),
})}`
}

/** What it may do with the role, before it has it. @param words what each permission means */
export function giveRolePage(holder: StoredHolder, role: GivableRole, words: readonly string[]): Html {
  const title = titleOf(holder)
  const gives = words.map((one) => html`<li>${one}</li>`)
  return html`${pageHeader({ title: `Give it ${role.title}`, trail: trailTo(holder) })}
${confirmation({
  title: `Give ${title} the role ${role.title}`,
  consequences: [
    words.length === 0
      ? 'It permits nothing yet.'
      : html`From that moment whoever holds its key may, as ${title}:<ul>${gives}</ul>`,
    'What is added to the role later, it may as well.',
  ],
  undo: 'The role can be taken back at any time.',
  action: rolesPath(holder.id),
  verb: `Give it ${role.title}`,
  values: { role: role.name },
  cancel: { text: 'Give it nothing', href: pathOf(holder.id) },
})}`
}
