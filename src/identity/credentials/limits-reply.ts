import type { CredentialLimits } from '#kit'
import type { Ctx, FieldFault, Reply } from '#platform'
import { questionsOf } from './limit-questions.ts'
import { type LimitsForm, limitsFormFaults, readLimits } from './limits-form.ts'
import type { LimitsExtra } from './limits-view.ts'

/** What a refusal says about a form. */
export interface ToldFaults {
  readonly status: number
  readonly faults: readonly FieldFault[]
}

export interface FormWithLimits {
  readonly form: LimitsForm
  /** What is wrong with the rest of it. */
  readonly faults?: readonly FieldFault[]
  /** The form again, with what was typed. */
  show(extra: LimitsExtra, status: number): Promise<Reply>
  make(limits: CredentialLimits): Promise<Reply>
  /** What a refusal of `make` says about the rest; `undefined`: nothing. */
  told?(error: unknown): ToldFaults | undefined
}

/** Runs what needs a form's limits, or shows the form again with what is wrong about it or what its limits ask. */
export async function withLimits(ctx: Ctx, asked: FormWithLimits): Promise<Reply> {
  const read = readLimits(asked.form, ctx.actor, ctx.now)
  const faults = [...(asked.faults ?? []), ...(read.faults ?? [])]
  if (read.limits === undefined || faults.length > 0) return asked.show({ faults }, 400)
  try {
    return await asked.make(read.limits)
  } catch (error) {
    const questions = questionsOf(error)
    if (questions !== undefined) return asked.show({ questions }, 409)
    const told = asked.told?.(error) ?? limitsFormFaults(error)
    if (told === undefined) throw error
    return asked.show({ faults: told.faults }, told.status)
  }
}
