import type { Ctx, JournalValue } from '#platform'
import type { Parts } from './parts.ts'

const placeOf = (id: string) => ({ table: 'platform_outbox', column: 'payload', row: id })

/**
 * Puts an event in this transaction's outbox whose text nobody else can read: what strangers type may be a password. It
 * also takes whatever follows out of the request, so that its time tells nothing.
 */
export async function emitSealed({ kernel }: Parts, tx: Ctx, event: string, text: string): Promise<void> {
  const id = tx.newId('asked')
  const sealed = Buffer.from(kernel.keyring.seal(Buffer.from(text), placeOf(id))).toString('base64')
  await tx.emit(event, { id, sealed })
}

/** The text again. @throws GateError `platform.sealed-value-damaged` */
export function openSealed({ kernel }: Parts, payload: Readonly<Record<string, JournalValue>>): string {
  const { id, sealed } = payload
  const bytes = Buffer.from(String(sealed), 'base64')
  return Buffer.from(kernel.keyring.open(bytes, placeOf(String(id)))).toString()
}
