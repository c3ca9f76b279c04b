import { madeRecoveryLink, recoveryLinkBody } from '#identity/contract'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { judged } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { time, visible } from '../text.ts'

export interface RecoveryLinkOptions extends TargetOptions {
  readonly secondFactors?: boolean
  readonly mail?: boolean
}

export async function makeRecoveryLink(wanted: string, options: RecoveryLinkOptions): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const body = judged(recoveryLinkBody, {
    secondFactors: options.secondFactors === true,
    mail: options.mail === true,
  })
  const path = `/api/v1/accounts/${account.id}/recovery-link`
  const { data, raw } = await client.call('POST', path, madeRecoveryLink, { body })
  print(options, raw, () =>
    data.link === null
      ? `A link is on its way to ${visible(account.email ?? '')}. It works once, until ${time(data.expiresAt)}.`
      : `Link for ${visible(account.handle)}, shown this once, until ${time(data.expiresAt)}: ${visible(data.link)}`,
  )
}
