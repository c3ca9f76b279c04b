import type { FailureDetails } from './failure.ts'
import { bold, note } from './terminal.ts'
import { visible, visibleJson } from './text.ts'

/** Tells on stderr what happened, what was kept, what to do, and what to quote. */
export function reportFailure(details: FailureDetails, json: boolean): void {
  const { exit: _, ...error } = details
  note(json ? visibleJson({ error }) : failureText(details))
}

function failureText({ title, detail, faults, step, code, requestId }: FailureDetails): string {
  const lines = [
    `${bold('gatehouse:')} ${visible(title)}`,
    ...(detail === '' ? [] : [`  ${visible(detail)}`]),
    ...(faults ?? []).map(({ field, message }) => `  ${visible(field)}: ${visible(message)}`),
    ...(step === undefined ? [] : [`  The step of the decision that refused: ${visible(step)}`]),
    `  (${visible(code)}${requestId === undefined ? '' : `, request ${visible(requestId)}`})`,
  ]
  return lines.join('\n')
}
