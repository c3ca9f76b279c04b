import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CredentialLimits } from './actor.ts'
import { limitsWithin, noLimits } from './limits.ts'

test('limits are within others only when nothing is allowed that those refuse', () => {
  const limits = (change: Partial<CredentialLimits>): CredentialLimits => ({ ...noLimits, ...change })
  const allow = (...networks: string[]) => limits({ networks: { allow: networks, deny: [] } })
  const deny = (...networks: string[]) => limits({ networks: { allow: [], deny: networks } })
  const office = allow('10.0.0.0/8')
  const within: readonly (readonly [CredentialLimits, CredentialLimits])[] = [
    [noLimits, noLimits],
    [office, noLimits],
    [office, allow('10.0.0.0/8', '192.0.2.0/24')],
    [limits({ permissions: ['routes:read'] }), limits({ permissions: ['routes:*'] })],
    [limits({ permissions: [] }), limits({ permissions: ['routes:*'] })],
    [deny('10.0.0.0/8', '192.0.2.0/24'), deny('10.0.0.0/8')],
    [limits({ regions: ['DE'] }), limits({ regions: ['DE', 'FR'] })],
    [limits({ expiresAt: undefined }), limits({ expiresAt: 5 })],
  ]
  for (const [some, all] of within) assert.equal(limitsWithin(some, all), true, JSON.stringify([some, all]))
  const wider: readonly (readonly [CredentialLimits, CredentialLimits])[] = [
    [noLimits, office],
    [allow('10.1.0.0/16'), office],
    [limits({ permissions: ['routes:read', 'apps:read'] }), limits({ permissions: ['routes:*'] })],
    [noLimits, deny('10.0.0.0/8')],
    [limits({ regions: [] }), limits({ regions: ['DE'] })],
    [limits({ regions: ['FR'] }), limits({ regions: ['DE'] })],
  ]
  for (const [some, all] of wider) assert.equal(limitsWithin(some, all), false, JSON.stringify([some, all]))
})
