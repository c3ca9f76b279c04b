import { badge, type Html, html } from '#platform/ui'
import type { TextFault } from '../policy-text.ts'
import type { DiffLine } from '../text-diff.ts'

/** Lines a page shows; longer texts are read in a terminal. */
const maxLines = 2_000

/** A text with its line numbers, and under each line what is wrong there. */
export function listing(label: string, text: string, faults: readonly TextFault[] = []): Html {
  // the end of the last line begins no other
  const lines = text.replace(/\n$/, '').split('\n')
  const more = lines.length - maxLines
  return html`<div class="listing" role="group" aria-label="${label}" tabindex="0"><ol>${lines
    .slice(0, maxLines)
    .map(
      (line, index) =>
        html`<li${faults.some((fault) => fault.line === index + 1) && html` class="faulty"`}><code>${line}</code>${faults
          .filter((fault) => fault.line === index + 1)
          .map(faultLine)}</li>`,
    )}</ol>${more > 0 && html`<p>${more} more lines are not shown.</p>`}</div>`
}

function faultLine({ line, column, message, help }: TextFault): Html {
  return html`<p class="fault"><strong>Line ${line}, column ${column}:</strong> ${message}${
    help !== undefined && html` <span>(${help})</span>`
  }</p>`
}

/** What changed from one text to another. */
export function difference(label: string, lines: readonly DiffLine[]): Html {
  const marks = { same: ' ', removed: '−', added: '+' } as const
  const words = { same: '', removed: 'removed: ', added: 'added: ' } as const
  const changed = lines.some(({ kind }) => kind !== 'same')
  if (!changed) return html`<p>${badge('off', 'No change')} The texts are the same.</p>`
  return html`<div class="listing" role="group" aria-label="${label}" tabindex="0"><ul class="diff">${lines
    .slice(0, maxLines)
    .map(
      ({ kind, text }) =>
        html`<li class="${kind}"><span class="sign" aria-hidden="true">${marks[kind]}</span>${
          kind !== 'same' && html`<span class="unseen">${words[kind]}</span>`
        }<code>${text}</code></li>`,
    )}</ul>${lines.length > maxLines && html`<p>${lines.length - maxLines} more lines are not shown.</p>`}</div>`
}
