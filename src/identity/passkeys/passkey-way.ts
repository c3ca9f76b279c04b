import { passkeyForm } from '#platform/ui'
import type { Way, WayView } from '../credentials/ways.ts'

/** Passkeys on the pages all kinds share. */
export const passkeyWay: Way = {
  kind: 'passkey',
  add: {
    text: 'Add a passkey',
    hint: 'Signs you in with the fingerprint, face or PIN of a device, or a security key. It works here alone, so no other site can trick it out of you.',
    href: '/account/credentials/new/passkey',
  },
  reset: 'Make it anew',
  scripts: ['passkeys'],
  again: (_parts, _ctx, view) => form('/account/prove/passkey', 'Use a passkey', view),
  second: (_parts, _ctx, view) => form('/sign-in/second/passkey', 'Use a passkey', view),
}

function form(action: string, submit: string, { to }: WayView) {
  return passkeyForm({
    action,
    options: `${action}/options`,
    ceremony: 'get',
    submit,
    values: to === '/' ? {} : { to },
    missing: 'This browser has no passkeys, or runs no script. Use another way here, or another browser.',
  })
}
