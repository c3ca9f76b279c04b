import { createdToken, newTokenBody, tokenList, tokensRevoked } from '#identity/contract'
import { parseDuration } from '#kit'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { Failure, wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { orConfirmed } from '../limits-asked.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, print } from '../terminal.ts'
import { table, time, visible } from '../text.ts'

export interface NewTokenOptions extends TargetOptions {
  readonly permission: readonly string[]
  readonly expiresIn: string
  readonly network?: readonly string[]
  readonly deny?: readonly string[]
  readonly region?: readonly string[]
  readonly yes?: boolean
}

export async function listTokens(options: TargetOptions & { readonly account?: string }): Promise<void> {
  const client = await connect(options)
  const account = options.account === undefined ? undefined : await findAccount(client, options.account)
  const path = account === undefined ? '/api/v1/tokens' : `/api/v1/accounts/${account.id}/tokens`
  const { data, raw } = await withAdvice(client.call('GET', path, tokenList), 'or name an account with --account')
  print(options, raw, () =>
    data.items.length === 0
      ? 'No tokens.'
      : table(
          ['LABEL', 'PERMISSIONS', 'ENDS', 'LAST USED', 'ID'],
          data.items.map((one) => [
            one.label,
            one.permissions.join(' '),
            one.expiresAt === null ? 'never' : time(one.expiresAt),
            one.lastUsedAt === null ? 'never' : time(one.lastUsedAt),
            one.id,
          ]),
        ),
  )
}

export async function createToken(label: string, options: NewTokenOptions): Promise<void> {
  const body = judged(newTokenBody, {
    label,
    permissions: options.permission,
    networks: { allow: options.network ?? [], deny: options.deny ?? [] },
    regions: options.region ?? [],
    expiresAt: endOf(options.expiresIn),
  })
  const client = await connect(options)
  const make = (confirmed: boolean) =>
    withAdvice(client.call('POST', '/api/v1/tokens', createdToken, { body: { ...body, confirmed } }), 'and try again')
  const { data, raw } = await orConfirmed(make, 'Make the token all the same?', options)
  const { token, secret } = data
  if (options.json !== true) {
    const end = token.expiresAt === null ? 'never' : time(token.expiresAt)
    const cut = token.expiresAt === body.expiresAt ? '' : ', with what you signed in with'
    note(`Created ${visible(token.label)} (${token.id}); it ends: ${end}${cut}. This is shown once:`)
  }
  print(options, raw, () => visible(secret))
}

export async function resetToken(id: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  await confirm(`Make another secret for ${visible(id)}? The present one is refused from now on.`, options)
  const path = `/api/v1/tokens/${encodeURIComponent(id)}/reset`
  const { data, raw } = await withAdvice(client.call('POST', path, createdToken), 'and try again')
  if (options.json !== true)
    note(`Another secret for ${visible(data.token.label)} (${data.token.id}). This is shown once:`)
  print(options, raw, () => visible(data.secret))
}

export async function revokeToken(id: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  await confirm(`Revoke ${visible(id)}? Whatever uses it is refused from now on. This cannot be undone.`, options)
  await client.send('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`)
  print(options, { revoked: id }, () => `Revoked ${visible(id)}.`)
}

export async function revokeAllTokens(
  options: TargetOptions & { readonly account?: string; readonly yes?: boolean },
): Promise<void> {
  const client = await connect(options)
  const account = options.account === undefined ? undefined : await findAccount(client, options.account)
  const whose =
    account === undefined ? 'all your API tokens but the one in use' : `all API tokens of ${visible(account.handle)}`
  await confirm(`Revoke ${whose}, those of command lines included? This cannot be undone.`, options)
  const path = account === undefined ? '/api/v1/tokens/revoke-all' : `/api/v1/accounts/${account.id}/revoke-tokens`
  const { data, raw } = await withAdvice(client.call('POST', path, tokensRevoked), 'or name an account with --account')
  print(options, raw, () => `Revoked ${data.tokensRevoked} ${data.tokensRevoked === 1 ? 'token' : 'tokens'}.`)
}

/** On the admin socket nobody is signed in; the server cannot know what to do about that here. */
async function withAdvice<T>(answer: Promise<T>, instead: string): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Failure) || error.details.code !== 'identity.needs-account') throw error
    const detail = `${error.details.detail} On the admin socket you act as the machine's owner: sign in with "gatehouse login" and name the server with --url, ${instead}.`
    throw new Failure({ ...error.details, detail })
  }
}

function endOf(text: string): string | null {
  if (text === 'never') return null
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw wrongUsage(`Not a duration: ${text}. Write 12h, 90d or never.`)
  return new Date(Date.now() + ms).toISOString()
}
