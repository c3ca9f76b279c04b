import { z } from 'zod'
import type { GatewayRoute } from '../routing/table.ts'
import { balanceSettings, healthCheck, usualCheck } from '../settings/balance-settings.ts'

type Balance = GatewayRoute['balance']

const orNothing = z
  .string()
  .trim()
  .default('')
  .transform((text) => (text === '' ? null : text))

/** How the app's addresses are reached and asked, as far as the form goes; the rest is for API and commands. */
export const balanceFields = {
  healthPath: orNothing.pipe(healthCheck.shape.path.nullable()),
  ca: orNothing.pipe(balanceSettings.whole.shape.ca),
}

interface BalanceForm {
  readonly healthPath: string | null
  readonly ca: string | null
}

/** @param before what stood: of a check only the path is in the form */
export function balanceOf({ healthPath, ca }: BalanceForm, before?: Balance): Pick<Balance, 'health' | 'ca'> {
  return { health: healthPath === null ? null : { ...usualCheck, ...before?.health, path: healthPath }, ca }
}

export function balanceValues(balance: { readonly [Name in 'health' | 'ca']?: Balance[Name] | undefined } | undefined) {
  return { healthPath: balance?.health?.path ?? '', ca: balance?.ca ?? '' }
}
