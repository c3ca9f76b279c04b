import type { Decision } from '#kit'
import { GateError, type RefusedQuestion } from '../errors.ts'
import { whyAddress } from '../ui-kit/index.ts'
import { failHttp } from './http-errors.ts'

/** RFC 9457 problem details, with our extensions. Everything in it may be read by the caller. */
export interface Problem {
  /** `/errors/{code}`, relative to the console: the page that explains it. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** What to quote to the operator; the log has the same id. */
  readonly requestId: string
  readonly faults?: readonly { readonly field: string; readonly message: string }[]
  /** For refusals of somebody known: which step of the decision chain refused. */
  readonly step?: string
  /** The decision's own code, `credential-network`, … */
  readonly reasonCode?: string
  /** Where the whole chain is drawn, asked again as whoever opens it; relative to the console. */
  readonly why?: string
}

/** Carries the decision to the page that explains it. */
export class Refused extends GateError {
  /** @param permission absent where anybody signed in would do */
  constructor(decision: Decision, permission: string | undefined) {
    const { code, status, title, detail } = failHttp('platform.refused', { fields: { reason: decision.reason } })
    super(code, { status, title, detail }, { refusal: { decision, permission } })
  }
}

/** Any failure as what the caller may see. What is not a coded error says only that something failed, and its id. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof GateError ? error : failHttp('platform.internal', { cause: error })
  return {
    type: `/errors/${known.code}`,
    title: known.title,
    status: known.status,
    detail: known.detail,
    code: known.code,
    requestId,
    ...(known.faults.length > 0 ? { faults: known.faults } : {}),
    ...(known.refusal === undefined ? {} : refusalOf(known.refusal)),
  }
}

function refusalOf({ decision, permission }: RefusedQuestion): Pick<Problem, 'step' | 'reasonCode' | 'why'> {
  const { step, code } = decision
  return { step, reasonCode: code, ...(permission === undefined ? {} : { why: whyAddress(permission, step) }) }
}

export function problemHeaders(error: unknown): Readonly<Record<string, string>> {
  return error instanceof GateError ? error.headers : {}
}
