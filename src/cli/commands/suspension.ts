import { accountBody, suspendBody } from '#identity/contract'
import { parseDuration } from '#kit'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { time, visible } from '../text.ts'

const path = '/api/v1/accounts'

export interface SuspendOptions extends TargetOptions {
  readonly for: string
  readonly reason: string
  readonly yes?: boolean
}

export async function suspendAccount(wanted: string, options: SuspendOptions): Promise<void> {
  const lasts = parseDuration(options.for)
  if (lasts === undefined) throw wrongUsage('--for: expected a duration such as 8h or 7d')
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const body = judged(suspendBody, {
    reason: options.reason,
    until: new Date(Date.now() + lasts).toISOString(),
  })
  await confirm(
    `Suspend ${visible(account.handle)} until ${time(body.until)}? Its sessions end and its tokens do not work until then.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${path}/${account.id}/suspend`, accountBody, { body })
  print(options, raw, () => `Suspended ${visible(data.handle)} until ${time(data.suspendedUntil ?? body.until)}.`)
}

export async function unsuspendAccount(wanted: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const { data, raw } = await client.call('POST', `${path}/${account.id}/unsuspend`, accountBody)
  print(options, raw, () => `${visible(data.handle)} is suspended no longer; its sessions stay ended.`)
}
