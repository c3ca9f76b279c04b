import type { FieldFault } from '#platform'
import { command, type Html, html, nothing, textArea } from '#platform/ui'
import type { AskedChallenge } from '../answers.ts'
import { allSigners, answerCommands, clipboardCommand, type Signer, signersOf } from '../commands.ts'
import type { KeyKind } from '../public-keys.ts'

export interface ChallengeView {
  readonly asked: AskedChallenge
  /** What the person has; absent where it must not be told: then all is shown. */
  readonly has?: { readonly kinds: readonly KeyKind[]; readonly secret: boolean }
  /** Of the field, so that two of them can stand on one page. */
  readonly name?: string
  readonly faults?: readonly FieldFault[]
}

/** The line to sign, the commands for what is at hand, and the field for the answer; goes into a form. */
export function challengeSection({ asked, has, name = 'answer', faults = [] }: ChallengeView): Html {
  const signers = has === undefined ? allSigners : signersAtHand(has)
  const shown = answerCommands(asked.text, signers, has?.kinds)
  const others = signers.some((signer) => signer === 'openssl') ? [clipboardCommand] : []
  return html`${command(asked.text, 'Sign this line within two minutes; it is good once')}
<details${shown.length === 1 ? html` open` : nothing}><summary>How</summary>
${[...shown, ...others].map(({ title, command: text }) => command(text, title))}
</details>
${textArea({ name, label: has?.secret === true ? 'HMAC' : 'Signature', hint: 'All that the command printed.', rows: 5, maxLength: 16_384, required: true, code: true, faults })}`
}

function signersAtHand({ kinds, secret }: NonNullable<ChallengeView['has']>): readonly Signer[] {
  const wanted = new Set<Signer>(kinds.flatMap(signersOf))
  if (secret) wanted.add('secret')
  return allSigners.filter((signer) => wanted.has(signer))
}
