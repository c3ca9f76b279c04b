import { type FieldFault, type RefusedInput, refusedForm } from '#platform'

/** What a refusal says about a form. */
export interface ToldFaults {
  readonly status: number
  readonly faults: readonly FieldFault[]
  /** For the journal. */
  readonly refused: RefusedInput
}

/** Faults that a form's own rules found. */
export function toldOfForm(faults: readonly FieldFault[]): ToldFaults {
  return { status: 400, faults, refused: refusedForm(faults) }
}
