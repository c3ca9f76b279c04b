import { z } from 'zod'
import { settingsGroup } from './group.ts'

const rate = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000),
    perSeconds: z.int().min(1).max(86_400),
    burst: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe('How many may come at once after a pause; null: as many as in requests.'),
    by: z
      .enum(['principal', 'address'])
      .default('principal')
      .describe(
        'principal: each account, device or service for itself, strangers by address. address: whoever comes from it. IPv6 counts by /64.',
      ),
  })
  .refine(({ perSeconds, requests, burst }) => (perSeconds / requests) * (burst ?? requests) <= 86_400, {
    path: ['burst'],
    message: 'a bucket that takes more than a day to fill again',
  })

/** How much and how often. */
export const limitSettings = settingsGroup(
  {
    bodyBytes: z
      .int()
      .min(0)
      .max(2 ** 50)
      .nullable()
      .describe('The longest body of a request; null: any. A longer one is refused with 413.'),
    headerBytes: z
      .int()
      .min(512)
      .max(16_384)
      .nullable()
      .describe(
        'All headers of a request together; null: as many as the listener takes (16 KiB). More is refused with 431.',
      ),
    rate: rate
      .nullable()
      .describe('How often the route may be used; null: always. More is refused with 429. A WebSocket counts once.'),
  },
  { bodyBytes: null, headerBytes: null, rate: null },
)
