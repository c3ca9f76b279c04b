import { hidden } from './field.ts'
import { address, attributes, type Html, html, nothing, type Renderable } from './html.ts'

export interface PasskeyFormOptions {
  /** Where the answer goes, as the field `response`. */
  readonly action: string
  /** Where the options come from: a path that answers a POST with JSON. */
  readonly options: string
  /** Use one that is there, or make one. */
  readonly ceremony: 'get' | 'create'
  /** What the button does: `Sign in with a passkey`. */
  readonly submit: string
  readonly look?: 'primary' | 'plain'
  /** Further fields. */
  readonly body?: Renderable
  readonly values?: Readonly<Record<string, string>>
  /** Offer passkeys where the handle is typed; that field says `autocomplete="username webauthn"`. At most one of a page. */
  readonly autofill?: boolean
  /** Hand the handle typed elsewhere on the page to whoever makes the options. */
  readonly handle?: boolean
  /** Said where the browser has no passkeys, or runs no script. Absent: nothing is. */
  readonly missing?: string
}

/**
 * A form that asks for a passkey. Needs the script: pages with one name it (`scripts: ['passkeys']`). Hidden until the
 * script finds that the browser has passkeys at all.
 */
export function passkeyForm(options: PasskeyFormOptions): Html {
  const { missing, values = {} } = options
  const data = {
    'data-passkey': options.ceremony,
    'data-options': address(options.options),
    'data-autofill': options.autofill,
    'data-handle': options.handle,
  }
  return html`<form class="stack" method="post" action="${address(options.action)}"${attributes(data)} hidden>
${hidden('response', '')}${Object.entries(values).map(([name, value]) => hidden(name, value))}${options.body}
<p class="fault" role="alert" data-passkey-message hidden></p>
<div class="form-actions"><button type="submit"${attributes({ class: options.look === 'plain' ? 'plain' : undefined })}>${options.submit}</button></div></form>
${missing === undefined ? nothing : html`<p data-passkey-missing hidden>${missing}</p><noscript><p>${missing}</p></noscript>`}`
}
