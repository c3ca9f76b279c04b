import type { z } from 'zod'
import { type ConfigChanges, changesOf } from './config/changes.ts'
import { type CoreConfig, coreConfig } from './config/core.ts'
import { ConfigurationError } from './config/faults.ts'
import type { OpenKernel } from './kernel.ts'
import type { CertificateOutcome } from './listener/file-certificates.ts'
import { fail } from './platform-errors.ts'
import type { AnyRoom, Ctx } from './room/contract.ts'
import type { House } from './room/house.ts'

/** What a reload did. */
export interface ReloadReport {
  /** Settings that changed and hold from now on: `[log] level`. */
  readonly applied: readonly string[]
  /** Settings that changed and hold from the next start on. */
  readonly needRestart: readonly string[]
  /** Every pair of `[listen] certificates`, read again. */
  readonly certificates: readonly CertificateOutcome[]
}

export interface ReloadParts {
  readonly kernel: OpenKernel
  readonly house: Pick<House, 'reconfigure'>
  readonly rooms: readonly AnyRoom[]
  /** As the rooms were opened with. */
  readonly slices: ReadonlyMap<string, unknown>
  /** Reads file and environment again. @throws ConfigurationError */
  readonly load: () => { readonly core: CoreConfig; readonly rooms: ReadonlyMap<string, unknown> }
}

/**
 * Reads the configuration again and takes over what may change while running. All or nothing for the configuration itself;
 * a certificate whose files have faults is told in the report, and the one before it serves on.
 *
 * @throws GateError `platform.configuration-not-reloaded` with every fault; nothing was changed then
 */
export function createReload({ kernel, house, rooms, slices, load }: ReloadParts): () => ReloadReport {
  const current = new Map(slices)
  return () => {
    const fresh = loadOrFail(load)
    const core = changesOf(coreConfig, [], kernel.config, fresh.core)
    const others = rooms.map((room) => {
      const schema: z.ZodType = room.config
      return { room, changes: changesOf(schema, [room.name], current.get(room.name), fresh.rooms.get(room.name)) }
    })
    for (const { room, changes } of others) {
      if (changes.applied.length === 0) continue
      current.set(room.name, changes.effective)
      house.reconfigure(room.name, changes.effective)
    }
    const all: readonly ConfigChanges<unknown>[] = [core, ...others.map(({ changes }) => changes)]
    const report = {
      applied: all.flatMap(({ applied }) => applied),
      needRestart: all.flatMap(({ needRestart }) => needRestart),
      certificates: kernel.reconfigure(core.effective),
    }
    const { applied, needRestart, certificates } = report
    const states = certificates.map(({ files, state }) => `${files.certificate} ${state}`)
    kernel.log.info({ applied, needRestart, certificates: states }, 'the configuration was read again')
    return report
  }
}

/** Puts down what a reload changed, and who asked for it; nothing when it changed nothing. */
export async function journalReload(ctx: Ctx, { applied, needRestart, certificates }: ReloadReport): Promise<void> {
  const replaced = certificates.flatMap(({ files, state }) => (state === 'loaded' ? [files.certificate] : []))
  if (applied.length === 0 && replaced.length === 0) return
  const detail = { applied: [...applied], needRestart: [...needRestart], certificates: replaced }
  await ctx.tx((inner) => inner.audit({ action: 'configuration.reload', detail }))
}

function loadOrFail<T>(load: () => T): T {
  try {
    return load()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw fail('platform.configuration-not-reloaded', { faults: error.faults, cause: error })
  }
}
