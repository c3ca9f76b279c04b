import { createRequire } from 'node:module'
import type { Secret } from '#kit'
import { type Html, html } from '#platform/ui'

/** Loaded when a code is first drawn: nobody else waits for it at the start. */
const load = createRequire(import.meta.url)
const encoder = () => load('uqr') as typeof import('uqr')

/** Light modules around the code that readers need (ISO/IEC 18004, 9.1). */
const quiet = 4
const dot = 5

/**
 * A QR code as SVG: attributes only, so that it stands under a policy without inline style. Black on white in every colour
 * scheme, because readers look for dark on light. The page shows the same as text beside it.
 *
 * @param label for those who do not see it
 */
export function qrCode(text: Secret, label: string): Html {
  const { data, size } = encoder().encode(text.reveal(), { ecc: 'M', border: 0 })
  const side = size + 2 * quiet
  const path = data.flatMap(runs).join('')
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${side} ${side}" width="${side * dot}" height="${side * dot}" shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="#fff"/><path fill="#000" d="${path}"/></svg>`
}

/** The dark stretches of one row. */
function runs(row: readonly boolean[], y: number): readonly string[] {
  const found: string[] = []
  for (let x = 0; x < row.length; x += 1) {
    if (row[x] !== true) continue
    const from = x
    while (row[x + 1] === true) x += 1
    const width = x + 1 - from
    found.push(`M${from + quiet} ${y + quiet}h${width}v1h-${width}z`)
  }
  return found
}
