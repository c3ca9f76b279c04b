import type { CredentialLimits } from '#kit'
import { type Ctx, type FieldFault, GateError, type Reply, refusedInputOf } from '#platform'
import { questionsOf } from './limit-questions.ts'
import { type LimitsForm, limitsFormFaults, readLimits } from './limits-form.ts'
import type { LimitsExtra } from './limits-view.ts'
import { type ToldFaults, toldOfForm } from './told-faults.ts'

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
  if (read.limits === undefined || faults.length > 0) return shownAgain(asked, toldOfForm(faults))
  try {
    return await asked.make(read.limits)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const questions = questionsOf(error)
    if (questions !== undefined) {
      return { ...(await asked.show({ questions }, 409)), refusedInput: refusedInputOf(error) }
    }
    const told = asked.told?.(error) ?? limitsFormFaults(error)
    if (told === undefined) throw error
    return shownAgain(asked, told)
  }
}

async function shownAgain(asked: FormWithLimits, { faults, status, refused }: ToldFaults): Promise<Reply> {
  return { ...(await asked.show({ faults }, status)), refusedInput: refused }
}
