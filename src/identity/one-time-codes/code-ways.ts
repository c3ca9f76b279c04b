import { field, form, type Html, hidden, html, nothing } from '#platform/ui'
import type { Way, WayView } from '../credentials/ways.ts'

/** Codes of authenticator apps on the pages all kinds share. */
export const totpWay: Way = {
  kind: 'totp',
  add: {
    text: 'Add an authenticator app',
    hint: 'Shows six digits, new ones every thirty seconds, that are asked for after the password.',
    href: '/account/credentials/new/totp',
  },
  reset: 'Set it up anew',
  again: (_parts, _ctx, view) => totpForm('/account/prove/totp', view),
  second: (_parts, _ctx, view) => totpForm('/sign-in/second/totp', view),
}

/** Recovery codes on the pages all kinds share. */
export const recoveryWay: Way = {
  kind: 'recovery-codes',
  add: {
    text: 'Make recovery codes',
    hint: 'Ten codes to print and put away, each good once, for when the second factor is lost.',
    href: '/account/credentials/new/recovery-codes',
  },
  reset: 'Make new codes',
  again: (_parts, _ctx, view) => recoveryForm('/account/prove/recovery-codes', view),
  second: (_parts, _ctx, view) => recoveryForm('/sign-in/second/recovery-codes', view),
}

function totpForm(action: string, view: WayView): Html {
  return form({
    action,
    submit: 'Go on',
    faults: view.faults,
    body: html`${field({
      name: 'code',
      label: 'Code',
      hint: 'The six digits that your authenticator app shows now.',
      autocomplete: 'one-time-code',
      inputMode: 'numeric',
      required: true,
      code: true,
      maxLength: 20,
      faults: view.faults,
    })}${carried(view)}`,
  })
}

function recoveryForm(action: string, view: WayView): Html {
  return form({
    action,
    submit: 'Use the recovery code',
    faults: view.faults,
    body: html`${field({
      name: 'recoveryCode',
      label: 'Recovery code',
      hint: 'One of the ten you put away. It is used up.',
      autocomplete: 'off',
      required: true,
      code: true,
      maxLength: 40,
      faults: view.faults,
    })}${carried(view)}`,
  })
}

function carried({ to }: WayView): Html {
  return to === '/' ? nothing : hidden('to', to)
}
