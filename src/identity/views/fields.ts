import type { FieldFault } from '#platform'
import { field, type Html, html } from '#platform/ui'

/** The fields that several of this room's forms share. */
export function handleField(value: string | undefined, faults: readonly FieldFault[], autofocus = false): Html {
  return field({
    name: 'handle',
    label: 'Handle',
    hint: 'What is typed to sign in: letters a–z, digits, dots and hyphens. It can never be changed or used again.',
    value,
    autocomplete: 'username',
    required: true,
    code: true,
    maxLength: 64,
    autofocus,
    faults,
  })
}

export function displayNameField(value: string | undefined, faults: readonly FieldFault[]): Html {
  return field({
    name: 'displayName',
    label: 'Name',
    hint: 'How others see the account.',
    value,
    autocomplete: 'name',
    required: true,
    maxLength: 100,
    faults,
  })
}

export function emailField(value: string | undefined, faults: readonly FieldFault[]): Html {
  return field({
    name: 'email',
    label: 'E-mail',
    hint: 'Handed to apps that ask for it. Never used to sign in.',
    type: 'email',
    value,
    autocomplete: 'email',
    maxLength: 254,
    faults,
  })
}

/** A new password, typed twice. Pages with it name the script `passwordStrength`, and are as good without. */
export function passwordFields(label: string, faults: readonly FieldFault[]): Html {
  return html`${field({
    name: 'password',
    label,
    hint: '12 to 256 characters; any will do. A password manager or a few random words serve best. One that is known to have leaked is refused.',
    type: 'password',
    autocomplete: 'new-password',
    required: true,
    minLength: 12,
    faults,
  })}<output class="strength" data-strength="password" aria-live="polite"></output>${field({
    name: 'passwordAgain',
    label: `${label}, again`,
    type: 'password',
    autocomplete: 'new-password',
    required: true,
    faults,
  })}`
}
