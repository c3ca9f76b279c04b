import type { Page } from 'playwright-core'

/**
 * What can hold the focus and does not show it, each as the beginning of its markup: without an outline of two pixels,
 * or with one that is hardly told from the page (less than 3:1, WCAG 2.2, 1.4.11).
 */
export async function findUnseenFocus(page: Page): Promise<readonly string[]> {
  // only after a key was pressed do browsers show where the focus is
  await page.keyboard.press('Tab')
  return (await page.evaluate(search)) as readonly string[]
}

/** Runs inside the page, whose types are none of ours. Colours are read off a canvas, whatever they are written in. */
const search = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const luminance = (colour) => {
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
      const part = byte / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = luminance(getComputedStyle(document.body).backgroundColor)
  const isSeen = (element) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) return false
    const line = luminance(outlineColor)
    return (Math.max(line, ground) + 0.05) / (Math.min(line, ground) + 0.05) >= 3
  }
  const unseen = []
  for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue
    element.focus({ preventScroll: true })
    if (document.activeElement === element && !isSeen(element)) unseen.push(element.outerHTML.slice(0, 120))
  }
  return unseen
})()`
