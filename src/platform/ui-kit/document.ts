import { assetBase, assets, type PageScript, pageScripts } from './assets.ts'
import { type Html, html, type Renderable } from './html.ts'

export interface DocumentOptions {
  /** What the page is about; the product's name is appended. */
  readonly title: string
  readonly body: Renderable
  /** Where this host serves the assets; `/assets` when absent. */
  readonly assetBase?: string
  /** A class name on `body` for the frame's layout. */
  readonly frame?: 'full' | 'bare'
  /** Scripts of this page besides the one every page has. */
  readonly scripts?: readonly PageScript[] | undefined
}

/** A whole document: language, viewport, colour schemes, our stylesheets and script; no inline style or script. */
export function document(options: DocumentOptions): Html {
  const base = options.assetBase ?? assetBase
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<meta name="robots" content="noindex">
<title>${options.title} · Gatehouse</title>
<link rel="icon" type="image/svg+xml" href="${base}/${assets.icon.name}">
<link rel="stylesheet" href="${base}/${assets.pico.name}">
<link rel="stylesheet" href="${base}/${assets.style.name}">
<script src="${base}/${assets.script.name}" defer></script>${options.scripts?.map(
    (name) => html`
<script src="${base}/${pageScripts[name].name}" defer></script>`,
  )}
</head>
<body class="${options.frame ?? 'bare'}">
${options.body}
</body>
</html>
`
}

/** A document without navigation: the product's name above one narrow column. For sign-in, set-up, strangers. */
export function bareDocument(options: Omit<DocumentOptions, 'frame'>): Html {
  const body = html`<a class="skip" href="#content">Skip to content</a>
<header class="bare-top">${brand()}</header>
<main id="content" tabindex="-1">${options.body}</main>`
  return document({ ...options, body, frame: 'bare' })
}

/** The product's mark and name. */
export function brand(): Html {
  return html`<span class="brand"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><path d="M3 21V9l9-6 9 6v12h-5v-6a4 4 0 0 0-8 0v6z"/></svg><span>Gatehouse</span></span>`
}
