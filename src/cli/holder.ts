import { holder } from '#access/contract'
import { findAccount } from './account-lookup.ts'
import type { Client } from './client.ts'
import { wrongUsage } from './failure.ts'
import { judged } from './input.ts'
import type { TargetOptions } from './target.ts'
import { visible } from './text.ts'

export interface HolderOptions extends TargetOptions {
  readonly group?: string
  readonly yes?: boolean
}

/** Who receives a role or joins a group. */
export interface NamedHolder {
  readonly body: { readonly kind: 'principal' | 'group'; readonly id: string }
  /** For people, made visible. */
  readonly label: string
}

/** The account, device, service or group that was named. @throws Failure wrong usage when it is both or neither */
export async function holderOf(
  client: Client,
  account: string | undefined,
  { group }: HolderOptions,
): Promise<NamedHolder> {
  if ((account === undefined) === (group === undefined)) throw wrongUsage('Name either an account or --group.')
  if (group !== undefined)
    return { body: judged(holder, { kind: 'group', id: group }), label: `Group ${visible(group)}` }
  // devices and services have no handle: their id says what they are
  if (isDeviceOrServiceId(account ?? '')) {
    return { body: judged(holder, { kind: 'principal', id: account }), label: visible(account ?? '') }
  }
  const { id, handle } = await findAccount(client, account ?? '')
  return { body: { kind: 'principal', id }, label: visible(handle) }
}

/** Whether it is the id of a device or service, which no name can be. */
export function isDeviceOrServiceId(text: string): boolean {
  return /^(dev|svc)_[0-9a-f]{32}$/.test(text)
}
