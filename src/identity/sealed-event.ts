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
  if (typeof id !== 'string' || typeof sealed !== 'string') throw new TypeError('not an event of `emitSealed`')
  return Buffer.from(kernel.keyring.open(Buffer.from(sealed, 'base64'), placeOf(id))).toString()
}
