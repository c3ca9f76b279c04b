import { attributes, type Html, html } from './html.ts'

export interface FileIntoOptions {
  /** The text field of the same form that the file's text goes into. */
  readonly into: string
  /** `Or choose the file` */
  readonly label: string
  /** As of `<input accept>`: `.pem,.pub` */
  readonly accept: string
  /** Said instead, where the file holds a private key: it is not read into the field, so it never leaves the machine. */
  readonly refusal?: string
}

/**
 * A file whose text goes into a field of the form, where the script runs; without it the text is pasted. The file itself is
 * not sent, so forms stay what they are.
 */
export function fileInto(options: FileIntoOptions): Html {
  const data = { 'data-into': options.into, 'data-refusal': options.refusal, accept: options.accept }
  return html`<label class="file" hidden>${options.label}<input type="file"${attributes(data)}></label>`
}
