import { field, type Html, select } from '#platform/ui'
import type { Candidate } from '../page-parts.ts'

/** Chooses who: from a list while it is short, by handle or name when it is not. */
export function holderField(candidates: readonly Candidate[] | undefined, label: string, hint: string): Html {
  if (candidates !== undefined) return select({ name: 'holder', label, hint, required: true, choices: candidates })
  return field({
    name: 'holder',
    label,
    hint: `An account’s handle, or group: and a group’s name. ${hint}`,
    autocomplete: 'off',
    placeholder: 'sam, or group:operators',
    maxLength: 120,
    code: true,
    required: true,
  })
}
