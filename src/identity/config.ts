import { z } from 'zod'
import { parseDuration } from '#kit'

const minute = 60_000
const year = 366 * 24 * 60 * minute

function duration(least: number, most: number) {
  return z
    .string()
    .refine(
      (text) => {
        const value = parseDuration(text)
        return value !== undefined && value >= least && value <= most
      },
      `expected a duration such as 15m, 8h or 30d, from ${least / minute} minutes to ${most / minute / 60 / 24} days`,
    )
    .transform((text) => parseDuration(text) ?? least)
}

/** `[identity]` in gatehouse.toml. */
export const identityConfig = z
  .strictObject({
    session: z
      .strictObject({
        idle: duration(5 * minute, year)
          .prefault('7d')
          .describe('A session not used for so long has ended.'),
        lifetime: duration(5 * minute, year)
          .prefault('30d')
          .describe('A session ends after so long whatever happens.'),
      })
      .prefault({}),
    token: z
      .strictObject({
        login: duration(5 * minute, year)
          .prefault('30d')
          .describe('How long a token made by `gatehouse login` lasts.'),
      })
      .prefault({}),
    password: z
      .strictObject({
        lanes: z
          .int()
          .min(1)
          .max(64)
          .optional()
          .describe(
            "Passwords hashed at the same time, shared out among `[listen] workers`, at least one each; when absent, one less than the machine's cores, at most 3. Name look-ups and file reads wait behind more than 3, unless `UV_THREADPOOL_SIZE` in the environment gives Node that many threads and one.",
          ),
        queue: z
          .int()
          .min(1)
          .max(10_000)
          .default(100)
          .describe('Sign-ins that may wait for a lane; more are asked to come back.'),
      })
      .prefault({}),
    recovery: z
      .strictObject({
        mail: z
          .boolean()
          .default(true)
          .describe(
            'Whether people may ask for a link by mail when they cannot sign in; off, only an administrator makes one.',
          ),
      })
      .prefault({}),
  })
  .readonly()

export type IdentityConfig = z.infer<typeof identityConfig>
