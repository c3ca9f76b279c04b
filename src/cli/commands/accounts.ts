import {
  accountBody,
  accountList,
  createdAccount,
  newAccountBody,
  passwordReset,
  resetPasswordBody,
  sessionList,
  tokenList,
} from '#identity/contract'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { Failure } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print, readSecretLine } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/accounts'

export interface PasswordOptions extends TargetOptions {
  readonly passwordStdin?: boolean
  readonly yes?: boolean
}

export interface NewAccountOptions extends PasswordOptions {
  readonly passwordHashStdin?: boolean
  readonly displayName?: string
  readonly email?: string
}

export async function listAccounts(
  options: TargetOptions & { readonly search?: string; readonly state?: string; readonly limit: string },
): Promise<void> {
  const client = await connect(options)
  const query = { q: options.search, state: options.state }
  const list = await fetchAll(client, path, accountList, query, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No accounts.'
      : table(
          ['HANDLE', 'NAME', 'STATE', 'CREATED', 'ID'],
          list.items.map((one) => [one.handle, one.displayName, one.state, time(one.createdAt), one.id]),
        ) + list.more,
  )
}

export async function createAccount(handle: string, options: NewAccountOptions): Promise<void> {
  const client = await connect(options)
  const body = judged(newAccountBody, {
    handle,
    displayName: options.displayName ?? handle,
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(options.passwordStdin === true ? { password: await readSecretLine() } : {}),
    ...(options.passwordHashStdin === true ? { passwordHash: await readSecretLine() } : {}),
  })
  const { data, raw } = await client.call('POST', path, createdAccount, { body })
  print(options, raw, () => {
    const made = `Created ${visible(data.account.handle)} (${data.account.id}).`
    return data.password === undefined ? made : `${made}\nPassword, shown this once: ${visible(data.password)}`
  })
}

export async function showAccount(wanted: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const [sessions, tokens] = await Promise.all([
    permitted(client.call('GET', `${path}/${account.id}/sessions`, sessionList)),
    permitted(client.call('GET', `${path}/${account.id}/tokens`, tokenList)),
  ])
  const value = { account, sessions: sessions?.data.items ?? null, tokens: tokens?.data.items ?? null }
  print(options, value, () =>
    facts([
      ['Handle', account.handle],
      ['Name', account.displayName],
      ['E-mail', account.email ?? undefined],
      ['State', account.state],
      ['Open sessions', sessions === undefined ? hidden : String(sessions.data.items.length)],
      ['Tokens', tokens === undefined ? hidden : tokens.data.items.map(({ label }) => label).join(', ') || 'none'],
      ['Id', account.id],
      ['Created', time(account.createdAt)],
      ['Changed', time(account.updatedAt)],
    ]),
  )
}

const hidden = '(not yours to see)'

/** Who may see an account may not see all of it: a refused part is left out, and said to be. */
async function permitted<T>(part: Promise<T>): Promise<T | undefined> {
  try {
    return await part
  } catch (error) {
    if (error instanceof Failure && error.details.step !== undefined) return undefined
    throw error
  }
}

export async function disableAccount(
  wanted: string,
  options: TargetOptions & { readonly yes?: boolean },
): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  await confirm(
    `Disable ${visible(account.handle)}? Every request of this account is refused from now on and its sessions end. It can be enabled again.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${path}/${account.id}/disable`, accountBody)
  print(options, raw, () => `Disabled ${visible(data.handle)}; its sessions ended.`)
}

export async function enableAccount(wanted: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const { data, raw } = await client.call('POST', `${path}/${account.id}/enable`, accountBody)
  print(options, raw, () => `Enabled ${visible(data.handle)}.`)
}

export async function resetPassword(wanted: string, options: PasswordOptions): Promise<void> {
  const client = await connect(options)
  const account = await findAccount(client, wanted)
  const password = options.passwordStdin === true ? await readSecretLine() : undefined
  await confirm(
    `Set a new password for ${visible(account.handle)}? The old one stops working and its sessions end.`,
    options,
  )
  const body = judged(resetPasswordBody, password === undefined ? {} : { password })
  const { data, raw } = await client.call('POST', `${path}/${account.id}/reset-password`, passwordReset, { body })
  print(options, raw, () => {
    const ended = `The password of ${visible(account.handle)} is new; ${data.sessionsEnded} sessions ended.`
    return data.password === undefined ? ended : `${ended}\nPassword, shown this once: ${visible(data.password)}`
  })
}
