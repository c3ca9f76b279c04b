import { z } from 'zod'

/** Routes are state, not configuration; nothing about them must be known before the database is open. */
export const gatewayConfig = z.strictObject({}).prefault({}).readonly()
export type GatewayConfig = z.infer<typeof gatewayConfig>
