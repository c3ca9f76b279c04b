import { readErrorTables } from '../structure/error-tables.ts'

const intro = `# Error codes

<!-- Written by \`npm run docs\` from the error tables in src; a test fails when they differ. -->

Every failure that Gatehouse tells a caller carries one of these codes: in the \`code\` member of its
[problem details](https://www.rfc-editor.org/rfc/rfc9457) (\`application/problem+json\`) together with a \`requestId\`, on
the page a browser sees, and at the end of what the command line prints. Codes are stable: once released, one is never
renamed and never changes its meaning. Words in braces are filled in when the error occurs. The log of the server has
the cause under the same request id.
`

/** The text of docs/errors.md. */
export async function errorsPage(): Promise<string> {
  const rooms = Map.groupBy(await readErrorTables(), ({ code }) => code.split('.')[0] ?? '')
  const sections = [...rooms].map(([room, rows]) => {
    const entries = rows.map(({ code, status, title, detail }) => `### ${code}\n\n**${status} ${title}.** ${detail}\n`)
    return `## ${room}\n\n${entries.join('\n')}`
  })
  return [intro, ...sections].join('\n')
}
