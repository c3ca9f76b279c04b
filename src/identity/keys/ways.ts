import type { Ctx } from '#platform'
import { form, type Html, hidden, html, nothing } from '#platform/ui'
import type { Way, WayView } from '../credentials/ways.ts'
import type { Parts } from '../parts.ts'
import { type AnswerUse, askForAnswer } from './answers.ts'
import { keyKindsOf } from './credentials.ts'
import { challengeSection } from './views/challenge.ts'

/** Keys on the pages all kinds share. */
export const keyWay: Way = {
  kind: 'key',
  add: {
    text: 'Add a key',
    hint: 'Signs you in by a signature of one line, made with ssh-keygen or openssl, or by gatehouse login.',
    href: '/account/credentials/new/key',
  },
  reset: 'Use another key',
  again: (parts, ctx, view) => answerForm(parts, ctx, view, '/account/prove/key'),
  second: (parts, ctx, view) => answerForm(parts, ctx, view, '/sign-in/second/key'),
}

/** Shared secrets likewise. */
export const sharedSecretWay: Way = {
  kind: 'shared-secret',
  add: {
    text: 'Add a shared secret',
    hint: 'For machines without keys: signs in by an HMAC of one line, made with a secret that is never sent.',
    href: '/account/credentials/new/shared-secret',
  },
  reset: 'Make another secret',
  again: (parts, ctx, view) => answerForm(parts, ctx, view, '/account/prove/shared-secret'),
  second: (parts, ctx, view) => answerForm(parts, ctx, view, '/sign-in/second/shared-secret'),
}

async function answerForm(parts: Parts, ctx: Ctx, view: WayView, action: string): Promise<Html> {
  const { handle, to, faults, credentials } = view
  const accountId = credentials[0]?.accountId ?? ''
  const isKey = credentials[0]?.kind === 'key'
  const use = view.signIn === undefined ? confirmationUse(ctx, handle) : secondUse(view.signIn, handle)
  const asked = askForAnswer(parts, use, ctx.now)
  const has = { kinds: isKey ? await keyKindsOf(ctx, accountId) : [], secret: !isKey }
  return form({
    action,
    submit: 'Go on',
    faults,
    body: html`${challengeSection({ asked, has, name: isKey ? 'signature' : 'hmac', faults })}${hidden('nonce', asked.nonce)}${to === '/' ? nothing : hidden('to', to)}`,
  })
}

/** Proving oneself again counts in the session that asked alone. */
export function confirmationUse({ actor }: Ctx, handle: string): AnswerUse {
  return { purpose: 'confirmation', within: actor.session?.id ?? '', handle }
}

/** A second factor completes the half sign-in it was asked in. */
export function secondUse(signIn: string, handle: string): AnswerUse {
  return { purpose: 'second-factor', within: signIn, handle }
}
