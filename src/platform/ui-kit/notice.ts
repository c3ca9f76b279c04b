import { mark, type Tone } from './badge.ts'
import { attributes, type Html, html, type Renderable } from './html.ts'

/** `done` something just happened; `refused` something did not; `warning` something soon will; `info` the rest. */
export type NoticeKind = 'info' | 'done' | 'refused' | 'warning'

const tones: Readonly<Record<NoticeKind, Tone>> = { info: 'info', done: 'good', refused: 'bad', warning: 'narrow' }

/** A message about what just happened or must be known here. A refusal is announced at once, the others politely. */
export function notice(kind: NoticeKind, title: string, body?: Renderable): Html {
  const role = kind === 'refused' ? 'alert' : kind === 'done' ? 'status' : undefined
  return html`<div class="notice ${tones[kind]}"${attributes({ role })}>${mark(tones[kind])}<div><p class="notice-title">${title}</p>${
    body !== undefined && html`<div class="notice-body">${body}</div>`
  }</div></div>`
}
