import type { Login, Place, World } from './world.ts'

/** What a person reads when the demo is ready. */
export function notice(origin: string, world: World): string {
  return `
The demo is ready. Press Ctrl-C to end it: everything is then thrown away.

  Console  ${origin}
  The browser warns once about the certificate: its authority was made for this run.

${table(['Sign in as', 'Password', 'Who this is'], world.logins.map(person))}

${table(['Open', 'Who gets in'], world.places.map(place))}

  Try it: open the wiki as sam, and you are in. Then as lin: refused, and told which step said no.
  As ada, the journal on the console has both.

`
}

const person = ({ handle, password, part }: Login): readonly string[] => [handle, password, part]
const place = ({ url, who }: Place): readonly string[] => [url, who]

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
