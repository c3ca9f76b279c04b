import { mailState, testMailBody, testMailSent } from '#mail/contract'
import { connect } from '../client.ts'
import { judged } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { facts, time, visible } from '../text.ts'

const path = '/api/v1/mail'

export async function showMail(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', path, mailState)
  print(options, raw, () =>
    data.enabled
      ? facts([
          ['Server', data.server ?? undefined],
          ['Encryption', data.tls ?? undefined],
          ['From', data.from ?? undefined],
          ['Waiting', String(data.waiting)],
          ['Waiting since', data.waitingSince === null ? undefined : time(data.waitingSince)],
          ['Last failure', data.lastFailure ?? undefined],
        ])
      : 'No mail is sent: there is no [mail] in gatehouse.toml. Links are shown to whoever makes them.',
  )
}

export async function testMail(address: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const body = judged(testMailBody, { to: address })
  const { data, raw } = await client.call('POST', `${path}/test`, testMailSent, { body })
  print(options, raw, () => `The mail server took it: ${visible(data.answer)}`)
}
