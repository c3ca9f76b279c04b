/**
 * Names, reasons and user agents come from others. Control and invisible characters in them could move the cursor,
 * recolour the terminal or turn text around, so that a person reads something else than what is there.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu

/** A text made safe to show on one line of a terminal: what cannot be seen is written as `\u{…}`. */
export function visible(text: string): string {
  return text.replaceAll(invisible, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}

/** JSON for a terminal or a file: valid, and without a character that a terminal would obey. On one line with no `indent`. */
export function visibleJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

const wide = /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/u

/** Columns a visible text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += /\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

/** Rows under their titles, aligned, two spaces apart; a column that is empty in every row is left out. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = titles.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''))
  const cells = [titles, ...rows].map((row) => row.filter((_, column) => used[column] === true).map(visible))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

/** Names and values in two columns; what has no value is left out. */
export function facts(entries: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = entries.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as const],
  )
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)))
  return shown.map(([name, value]) => `${pad(name, width)}  ${visible(value)}`).join('\n')
}

/** `2026-11-22 01:20:10Z` of an RFC 3339 time: exact, sortable, the same for everybody who compares notes. */
export function time(text: string | null | undefined): string {
  return text === null || text === undefined ? '' : text.replace('T', ' ').replace(/\.\d+(?=Z$)/, '')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}
