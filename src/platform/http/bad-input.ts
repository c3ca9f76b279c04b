import { type FieldFault, GateError } from '../errors.ts'
import type { Ctx } from '../room/contract.ts'
import { failHttp } from './http-errors.ts'
import { unknownField } from './input.ts'
import { fillPermission } from './permission-template.ts'
import type { AnyRoute, RefusedInput, Reply } from './route.ts'

/** Refused because of what was sent; who may not is journalled by what decides that. */
const badInput = new Set([400, 409, 410, 413, 415, 422])
const mostFields = 8

/** What the journal says of a refused input: never a value, nor a name that the sender made up. */
export function refusedInputOf({ journalCode, title, faults }: GateError): RefusedInput {
  const known = faults.filter(({ message }) => message !== unknownField).map(({ field }) => field)
  return { code: journalCode, title, fields: [...new Set(known)].slice(0, mostFields) }
}

/** The same of a form that its own rules refuse. */
export function refusedForm(faults: readonly FieldFault[]): RefusedInput {
  return refusedInputOf(failHttp('platform.invalid-input', { faults }))
}

interface Asked {
  readonly route: AnyRoute
  readonly params: Readonly<Record<string, string>>
}

/** Journals a failure that is the input's, on doors that ask for it. */
export function noteBadInput(error: unknown, asked: Asked, ctx: Ctx): void {
  if (error instanceof GateError && badInput.has(error.status)) note(refusedInputOf(error), asked, ctx)
}

/** Journals an answer that shows a form again because of what was typed, on doors that ask for it. */
export function noteRefusedForm({ status = 200, refusedInput }: Reply, asked: Asked, ctx: Ctx): void {
  if (badInput.has(status)) note(refusedInput ?? refusedForm([]), asked, ctx)
}

function note({ code, title, fields }: RefusedInput, { route, params }: Asked, ctx: Ctx): void {
  const { method, path, journalsBadInput: permission } = route
  if (permission === undefined) return
  const about = fields.length === 0 ? '' : `: ${fields.join(', ')}`
  const reason = `${title} (${method} ${path}${about})`
  const decision = { allowed: false, step: 'credential', code, reason, policies: [] } as const
  ctx.refused({ permission: fillPermission(permission, params), decision })
}
