import assert from 'node:assert/strict'
import { test } from 'node:test'
import jsQr from 'jsqr'
import { Secret } from '#kit'
import { qrCode } from './qr.ts'
import { totpAddress } from './totp.ts'

/** Draws the SVG as pixels, three to a dot, and has it read by somebody else's reader. */
function readCode(svg: string): string | undefined {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const scale = 3
  const width = side * scale
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255)
  for (const [, x, y, length] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1) {
      const from = 4 * (row * width + Number(x) * scale)
      // transparent black: the reader looks at colours only
      pixels.fill(0, from, from + 4 * Number(length) * scale)
    }
  }
  return jsQr.default(pixels, width, width)?.data
}

test('a reader of QR codes reads the address out of the picture', () => {
  const key = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  for (const handle of ['ada', 'a'.repeat(64)]) {
    const address = totpAddress(key, 'gatehouse.example.org', handle)
    assert.equal(readCode(qrCode(address, 'QR code').toString()), address.reveal())
  }
})

test('the picture carries no style and no script, and its label is escaped', () => {
  const svg = qrCode(new Secret('hello'), '"><script>').toString()
  assert.doesNotMatch(svg, /style|<script|on[a-z]+=/)
  assert.match(svg, /aria-label="&quot;&gt;&lt;script&gt;"/)
})
