import { parseDuration } from '#kit'
import { createdEnrolmentToken, enrolmentTokenList, newEnrolmentTokenBody } from '#pki/contract'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, print } from '../terminal.ts'
import { table, time, visible } from '../text.ts'

const path = '/api/v1/enrolment-tokens'

export interface EnrolTokenOptions extends TargetOptions {
  readonly account?: string
  readonly device?: string
  readonly service?: string
  readonly profile?: string
  readonly host?: readonly string[]
  readonly label?: string
  readonly uses: string
  readonly expiresIn: string
  readonly network?: readonly string[]
}

export async function listEnrolTokens(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, enrolmentTokenList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No enrolment tokens.'
      : table(
          ['LABEL', 'PROFILE', 'HOLDER', 'HOSTS', 'STATE', 'LEFT', 'ENDS', 'ID'],
          list.items.map((one) => [
            one.label,
            one.profile,
            one.holder?.name ?? '',
            one.names.join(' '),
            one.state,
            `${one.usesLeft} of ${one.uses}`,
            time(one.endsAt),
            one.id,
          ]),
        ) + list.more,
  )
}

export async function createEnrolToken(options: EnrolTokenOptions): Promise<void> {
  const { account, device, service, host: names = [], network: networks = [], uses } = options
  const holder = device ?? service ?? account
  const body = judged(newEnrolmentTokenBody, {
    label: options.label ?? holder ?? names[0] ?? '',
    profile: options.profile ?? usualProfile(options),
    ...(account === undefined ? {} : { account }),
    ...(device === undefined ? {} : { device }),
    ...(service === undefined ? {} : { service }),
    names,
    networks,
    uses: /^\d{1,6}$/.test(uses) ? Number(uses) : uses,
    endsAt: endOf(options.expiresIn),
  })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, createdEnrolmentToken, { body })
  const { enrolmentToken, secret } = data
  if (options.json !== true) {
    const often = enrolmentToken.uses === 1 ? 'once' : `${enrolmentToken.uses} times`
    note(`Created ${visible(enrolmentToken.label)} (${enrolmentToken.id}).`)
    note(`It works ${often}, until ${time(enrolmentToken.endsAt)}. This is shown once:`)
  }
  print(options, raw, () => visible(secret))
}

export async function revokeEnrolToken(id: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  await confirm(`Revoke ${visible(id)}? It fetches nothing from now on. This cannot be undone.`, options)
  await client.send('DELETE', `${path}/${encodeURIComponent(id)}`)
  print(options, { revoked: id }, () => `Revoked ${visible(id)}. Certificates fetched with it stay.`)
}

function usualProfile({ account, device, service }: EnrolTokenOptions): string {
  if (device !== undefined) return 'device'
  if (service !== undefined) return 'service'
  return account === undefined ? 'server' : 'person'
}

function endOf(text: string): string {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw wrongUsage(`Not a duration: ${text}. Write 15m, 24h or 7d.`)
  return new Date(Date.now() + ms).toISOString()
}
