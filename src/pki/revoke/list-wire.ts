import type { ImportedListView, ListRequestView } from './contract.ts'
import { listRequestFiles, signingCommand } from './list-request-files.ts'
import type { ImportedList, ListRequest } from './offline-lists.ts'

const timeOf = (at: number): string => new Date(at).toISOString()

export function listRequestJson(request: ListRequest): ListRequestView {
  const { authority, number, revoked, served } = request
  return {
    authorityId: authority.stored.id,
    name: authority.stored.name,
    number,
    revoked: revoked.map((one) => ({
      serial: one.serial,
      name: one.name ?? null,
      revokedAt: timeOf(one.revokedAt),
      reason: one.reason,
      notAfter: timeOf(one.notAfter),
    })),
    served: served === undefined ? null : { number: served.number, nextUpdate: timeOf(served.nextUpdate) },
    files: { ...listRequestFiles(request), 'authority.pem': authority.published.certificatePem },
    command: signingCommand,
  }
}

export function importedListJson({ authority, ...list }: ImportedList): ImportedListView {
  return {
    authorityId: authority.stored.id,
    name: authority.stored.name,
    number: list.number,
    thisUpdate: timeOf(list.thisUpdate),
    nextUpdate: timeOf(list.nextUpdate),
    entries: list.entries,
    notRevokedHere: [...list.notRevokedHere],
  }
}
