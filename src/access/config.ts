import { z } from 'zod'

/** `[access]` in gatehouse.toml. */
export const accessConfig = z
  .strictObject({
    timeZone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'expected an IANA time zone, for example Europe/Vienna')
      .default('UTC')
      .describe('Time zone in which policies are told the time of day and the weekday (`context.time`).'),
  })
  .readonly()

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
