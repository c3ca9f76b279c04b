/**
 * A prefixed UUIDv7 (RFC 9562 §5.7) as text: `acc_0199…`, sortable by creation.
 *
 * @param prefix short lower-case name of the kind of thing
 * @param now milliseconds since the epoch
 * @param random at least ten random bytes, all used
 */
export function prefixedId(prefix: string, now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(now) << 16n)
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return `${prefix}_${Buffer.from(bytes).toString('hex')}`
}

/** Whether a text has the shape of an id with that prefix; says nothing about its existence. */
export function isId(prefix: string, text: string): boolean {
  return text.length === prefix.length + 33 && text.startsWith(`${prefix}_`) && /^[0-9a-f]{32}$/.test(text.slice(-32))
}
