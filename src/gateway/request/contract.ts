import { z } from 'zod'
import { nameFault, valueFault } from './header-names.ts'

/** Secret headers as API and CLI speak of them. */

export const secretHeaderName = z
  .string()
  .max(64)
  .superRefine((name, context) => {
    const fault = nameFault(name)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })
  .describe('The name of the header: Authorization.')

export const secretHeaderBody = z.strictObject({
  value: z
    .string()
    .max(8_192)
    .superRefine((value, context) => {
      const fault = valueFault(value)
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    })
    .describe('Sealed when it arrives; nobody is shown it again.'),
})

export const secretHeaderView = z.object({ name: z.string(), setAt: z.iso.datetime() })
export const secretHeaderList = z.object({ items: z.array(secretHeaderView) })
