import { z } from 'zod'

const time = z.iso.datetime()

export const suspendBody = z.strictObject({ reason: z.string().min(1).max(500), until: time })

const person = z.strictObject({ kind: z.string(), id: z.string(), name: z.string() })

export const suspensionList = z.strictObject({
  items: z.array(
    z.strictObject({
      reason: z.string(),
      madeBy: person,
      from: time,
      until: time,
      /** Null: in force, or nobody has noted its end. */
      liftedAt: time.nullable(),
      liftedBy: person.nullable(),
    }),
  ),
  next: z.null(),
})
