import { z } from 'zod'
import { canonicalAddress } from '#kit'

/**
 * An address somebody is asked about from, in its one text. What is none is refused: taken for no address, it would lie
 * in no network that a rule forbids.
 */
export const askedAddress = z
  .string()
  .max(50)
  .transform((text, context) => {
    const address = canonicalAddress(text.trim())
    if (address !== undefined) return address
    context.addIssue({ code: 'custom', message: 'not an address; write 192.0.2.7 or 2001:db8::7, without a port' })
    return z.NEVER
  })
