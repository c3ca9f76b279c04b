import { field, form, hidden, html, nothing } from '#platform/ui'
import type { Way } from '../credentials/ways.ts'

/** Passwords on the pages all kinds share. */
export const passwordWay: Way = {
  kind: 'password',
  add: {
    text: 'Add a password',
    hint: 'One more, with limits of its own: it may only deploy, or works in the office alone.',
    href: '/account/credentials/new/password',
  },
  reset: 'Set another password',
  again: (_parts, _ctx, { handle, to, faults }) =>
    form({
      action: '/account/prove/password',
      submit: 'Go on',
      faults,
      body: html`<input type="text" autocomplete="username" value="${handle}" readonly hidden>
${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', required: true, autofocus: true, faults })}
${to === '/' ? nothing : hidden('to', to)}`,
    }),
}
