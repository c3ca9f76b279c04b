import type { Actor } from '#kit'
import { type Clock, systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { makeContext } from '../room/context.ts'
import type { Ctx } from '../room/contract.ts'

export interface TestContextOptions {
  readonly database: Database
  readonly clock: Clock
  /** The system itself when absent. */
  readonly actor?: Actor
  readonly requestId?: string
}

/** A real context on a real database: transactions, journal and outbox included. */
export function testContext({ database, clock, actor, requestId = 'req_test' }: TestContextOptions): Ctx {
  return makeContext({
    database,
    clock,
    random: systemRandom,
    actor: actor ?? { principal: { kind: 'system', id: 'system', name: 'system' } },
    requestId,
    signal: new AbortController().signal,
  })
}
