import { attributes, type Html, html } from './html.ts'

/**
 * A command ready to copy. The button appears only where the script runs; without it the text is selected by hand.
 *
 * @param label said above it: `The same in a terminal`
 */
export function command(text: string, label?: string): Html {
  return html`<figure class="command">${label !== undefined && html`<figcaption>${label}</figcaption>`}
<div><pre tabindex="0"${attributes({ 'aria-label': label ?? 'Command' })} role="group"><code>${text}</code></pre>${copyButton(text, 'Copy')}</div></figure>`
}

/** A copy button, hidden until the script shows it. `what` is heard by screen readers: `Copy the command`. */
export function copyButton(text: string, what: string): Html {
  return html`<button type="button" class="copy" data-copy="${text}" hidden>${what}</button>`
}
