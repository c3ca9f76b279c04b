import type { EnrolmentTokenJson } from './contract.ts'
import { type EnrolmentToken, tokenState } from './enrolment-token.ts'

const timeOf = (at: number): string => new Date(at).toISOString()

/** @param certificates ids of what was fetched with it */
export function enrolmentTokenView(
  token: EnrolmentToken,
  certificates: readonly string[],
  now: number,
): EnrolmentTokenJson {
  const { holder, maker } = token
  const { kind, id, name } = maker.principal
  return {
    id: token.id,
    label: token.label,
    profile: token.profile,
    holder: holder === undefined ? null : { kind: holder.kind, name: holder.name, id: holder.id ?? null },
    names: [...token.names],
    uses: token.uses,
    usesLeft: token.usesLeft,
    networks: [...token.networks],
    state: tokenState(token, now),
    madeBy: { kind, id, name },
    certificates: [...certificates],
    createdAt: timeOf(token.createdAt),
    endsAt: timeOf(token.endsAt),
    lastUsedAt: token.lastUsedAt === undefined ? null : timeOf(token.lastUsedAt),
    revokedAt: token.revokedAt === undefined ? null : timeOf(token.revokedAt),
  }
}
