import type { FieldFault } from '../errors.ts'
import { attributes, type Html, html, nothing, type Renderable } from './html.ts'

/** What every kind of field has. */
export interface FieldBase {
  readonly name: string
  readonly label: string
  readonly hint?: Renderable
  /** The faults of the whole form; a field shows its own (`name` or `/name`). */
  readonly faults?: readonly FieldFault[]
  readonly required?: boolean
}

export interface FieldOptions extends FieldBase {
  readonly type?: 'text' | 'password' | 'email' | 'url' | 'number' | 'search' | 'date' | 'datetime-local'
  /** What was typed before. Ignored for passwords: a secret is never sent back. */
  readonly value?: string | undefined
  /** WHATWG autofill token: `username`, `current-password`, `new-password`, `email`, `off`. */
  readonly autocomplete: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly placeholder?: string
  readonly inputMode?: 'text' | 'numeric' | 'email' | 'url'
  /** At most one field of a page, and only where typing is what the page is for. */
  readonly autofocus?: boolean
  /** Monospace, no spelling marks, no capitals: hosts, ids, addresses, patterns. */
  readonly code?: boolean
  /** Offered while typing, by the browser itself and without script; anything else can be typed too. */
  readonly suggestions?: readonly string[]
}

/** One line of input with its label, hint and fault, tied together for screen readers. */
export function field(options: FieldOptions): Html {
  const { type = 'text', code = type === 'password' } = options
  return labelled(
    options,
    html`<input${attributes({
      ...common(options),
      type,
      value: type === 'password' ? undefined : options.value,
      autocomplete: options.autocomplete,
      minlength: options.minLength,
      maxlength: options.maxLength,
      placeholder: options.placeholder,
      inputmode: options.inputMode,
      autofocus: options.autofocus,
      class: code ? 'code' : undefined,
      spellcheck: code ? 'false' : undefined,
      autocapitalize: code ? 'none' : undefined,
      list: options.suggestions === undefined ? undefined : `${fieldId(options.name)}-list`,
    })}>${suggestionList(options)}`,
  )
}

function suggestionList({ name, suggestions }: FieldOptions): Html {
  if (suggestions === undefined) return nothing
  return html`<datalist id="${fieldId(name)}-list">${suggestions.map((value) => html`<option value="${value}">`)}</datalist>`
}

export interface TextAreaOptions extends FieldBase {
  readonly value?: string | undefined
  readonly rows?: number
  readonly maxLength?: number
  readonly code?: boolean
  /** Line numbers beside it, those of `faulty` lines marked. Lines are not broken. */
  readonly numbered?: { readonly faulty: readonly number[] }
}

/** Several lines of input. */
export function textArea(options: TextAreaOptions): Html {
  const { code, numbered } = options
  const area = html`<textarea${attributes({
    ...common(options),
    rows: options.rows ?? 4,
    maxlength: options.maxLength,
    class: code ? 'code' : undefined,
    spellcheck: code ? 'false' : undefined,
    autocapitalize: code ? 'none' : undefined,
  })}>
${options.value}</textarea>`
  return labelled(options, numbered === undefined ? area : withNumbers(area, options.value ?? '', numbered.faulty))
}

/** So many numbers stand ready for lines that are written without script. */
const spareLines = 200

/** For the eye alone: a screen reader says where the cursor is, and faults name their lines in words. */
function withNumbers(area: Html, text: string, faulty: readonly number[]): Html {
  const numbers = Array.from({ length: text.split('\n').length + spareLines }, (_, index) =>
    faulty.includes(index + 1) ? html`<b>✕ ${index + 1}</b>\n` : html`${index + 1}\n`,
  )
  return html`<div class="numbered"><pre aria-hidden="true">${numbers}</pre>${area}</div>`
}

export interface Choice {
  readonly value: string
  readonly text: string
  readonly hint?: Renderable
  /** Said above the first of those that follow one another with the same, in long lists to tick. */
  readonly group?: string
}

export interface SelectOptions extends FieldBase {
  readonly choices: readonly Choice[]
  readonly value?: string | undefined
}

/** One of a list. */
export function select(options: SelectOptions): Html {
  // one of the list is always chosen, so there is nothing that could be left out
  return labelled(
    { ...options, required: true },
    html`<select${attributes(common(options))}>${options.choices.map(
      ({ value, text }) => html`<option${attributes({ value, selected: value === options.value })}>${text}</option>`,
    )}</select>`,
  )
}

export interface ChoicesOptions extends FieldBase {
  readonly choices: readonly Choice[]
  readonly values: readonly string[]
}

/** Any of a list; the form carries the name once for each that is ticked. */
export function checkboxes(options: ChoicesOptions): Html {
  return choices('checkbox', options)
}

/** One of a short list, each with room for a hint. */
export function radios(options: Omit<ChoicesOptions, 'values'> & { readonly value?: string | undefined }): Html {
  return choices('radio', { ...options, values: options.value === undefined ? [] : [options.value] })
}

/** A value the form carries along unseen. Never a secret: it stands in the page. */
export function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

/** The element id of a field, for links to it. */
export function fieldId(name: string): string {
  return `field-${name}`
}

/** The message of a field's first fault. */
export function faultOf(faults: readonly FieldFault[] | undefined, name: string): string | undefined {
  return faults?.find((fault) => faultyField(fault) === name)?.message
}

/** The name of the field a fault is about: one in the third line of a list (`networks.2`) is the whole field's. */
export function faultyField({ field }: FieldFault): string {
  return field.replace(/^\//, '').replace(/[./]\d+$/, '')
}

function choices(type: 'checkbox' | 'radio', options: ChoicesOptions): Html {
  const { name } = options
  const describedBy = describing(options)
  return html`<fieldset class="field"${attributes({ id: fieldId(name), 'aria-describedby': describedBy, role: type === 'radio' ? 'radiogroup' : undefined })}>
<legend>${options.label}</legend>${hintOf(options)}
${options.choices.map((choice, index) => {
  const begins = choice.group !== undefined && choice.group !== options.choices[index - 1]?.group
  return html`${begins && html`<p class="group">${choice.group}</p>`}${choiceOf(type, options, choice, index)}`
})}
${faultLine(options)}</fieldset>`
}

function choiceOf(type: 'checkbox' | 'radio', options: ChoicesOptions, choice: Choice, index: number): Html {
  const id = `${fieldId(options.name)}-${index}`
  const hintId = choice.hint === undefined ? undefined : `${id}-hint`
  return html`<div class="choice"><input${attributes({
    type,
    id,
    name: options.name,
    value: choice.value,
    checked: options.values.includes(choice.value),
    required: type === 'radio' && options.required,
    'aria-describedby': hintId,
  })}><label for="${id}">${choice.text}</label>${hintId !== undefined && html`<small id="${hintId}">${choice.hint}</small>`}</div>`
}

function labelled(options: FieldBase, control: Html): Html {
  return html`<div class="field"><label for="${fieldId(options.name)}">${options.label}${mayStayEmpty(options)}</label>${hintOf(options)}
${control}${faultLine(options)}</div>`
}

function common(options: FieldBase): Record<string, string | boolean | undefined> {
  return {
    id: fieldId(options.name),
    name: options.name,
    required: options.required,
    'aria-describedby': describing(options),
    'aria-invalid': faultOf(options.faults, options.name) === undefined ? undefined : 'true',
  }
}

function describing(options: FieldBase): string | undefined {
  const ids = [
    options.hint === undefined ? undefined : `${fieldId(options.name)}-hint`,
    faultOf(options.faults, options.name) === undefined ? undefined : `${fieldId(options.name)}-fault`,
  ].filter((id) => id !== undefined)
  return ids.length === 0 ? undefined : ids.join(' ')
}

// Most fields are required; the rare one that may stay empty is what is worth a word. What is ticked or chosen says it
// itself.
function mayStayEmpty(options: FieldBase): Html {
  return options.required === true ? nothing : html` <span class="optional">optional</span>`
}

function hintOf(options: FieldBase): Html | undefined {
  return options.hint === undefined
    ? undefined
    : html`<small id="${fieldId(options.name)}-hint" class="hint">${options.hint}</small>`
}

function faultLine(options: FieldBase): Html | undefined {
  const fault = faultOf(options.faults, options.name)
  return fault === undefined
    ? undefined
    : html`<small id="${fieldId(options.name)}-fault" class="fault">${fault}</small>`
}
