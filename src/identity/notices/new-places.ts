import type { NewMail } from '#mail'
import { type Ctx, consoleOrigin } from '#platform'
import { type Account, findAccount, isReachable } from '../account-store.ts'
import { clientFamily } from '../client-names.ts'
import { greeting, lines, moment } from '../joining/letters.ts'
import type { Parts } from '../parts.ts'
import { keepPlace, listPlaces, type PlaceKind } from './place-store.ts'

const day = 24 * 60 * 60_000
/** How long a place is known after its last sign-in. */
export const placesKept = 180 * day

/** Where a sign-in came from. */
export interface SignInPlace {
  readonly accountId: string
  /** As it called itself. */
  readonly client: string
}

/**
 * Notices a sign-in from a client or a region that the account has not signed in from in half a year: journalled, so that
 * it stands among the security events, and mailed to a proved address. Of the first of all there is no notice. Must run
 * inside `ctx.tx` of the sign-in, acting as the account.
 */
export async function noticeSignIn(parts: Parts, tx: Ctx, { accountId, client }: SignInPlace): Promise<void> {
  const region = parts.kernel.regions.regionOf(tx.actor.address)
  const here: readonly (readonly [PlaceKind, string])[] = [
    ['client', clientFamily(client)],
    ...(region === undefined ? [] : [['region', region] as const]),
  ]
  const known = await listPlaces(tx.db, accountId)
  const unknown = here.filter(([kind, place]) => !known.some((one) => one.kind === kind && one.place === place))
  for (const [kind, place] of here) {
    const before = known.find((one) => one.kind === kind && one.place === place)
    // written once a day at most: every sign-in comes through here
    if (before === undefined || tx.now - before.lastAt >= day)
      await keepPlace(tx.db, accountId, { kind, place }, tx.now)
  }
  // with nothing of a kind known before, everything would be new
  const news = unknown.filter(([kind]) => known.some((one) => one.kind === kind))
  if (news.length === 0) return
  const account = await findAccount(tx.db, accountId)
  if (account === undefined) return
  const [, family] = here[0] ?? ['client', '']
  const what = news.map(([kind]) => kind)
  await tx.audit({
    action: 'sign-ins.new-place',
    target: { type: 'account', id: accountId, name: account.handle },
    detail: { client: family, region: region ?? null, new: what },
  })
  if (isReachable(account)) {
    await parts.mail.queue(tx, newPlaceLetter(parts, account, account.email, { family, region, tx }))
  }
}

function newPlaceLetter(
  parts: Parts,
  account: Account,
  to: string,
  { family, region, tx }: { readonly family: string; readonly region: string | undefined; readonly tx: Ctx },
): NewMail {
  const { host } = parts.kernel.config.console
  const where = [tx.actor.address, region].filter((part) => part !== undefined).join(', ')
  return {
    to,
    subject: `New sign-in at ${host}`,
    text: lines(
      greeting(account.displayName),
      `At ${moment(tx.now)} somebody signed in as ${account.handle} at ${host}, from where you have not signed in lately: ${family}${where === '' ? '' : `, from ${where}`}.`,
      'If it was you, there is nothing to do. If it was not, sign out everywhere else and change what you sign in with:',
      `${consoleOrigin(parts.kernel)}/account/security`,
    ),
    purpose: 'identity.new-place',
    about: { type: 'account', id: account.id, name: account.handle },
  }
}
