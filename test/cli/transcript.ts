import assert from 'node:assert/strict'
import type { Env, Run } from '../product/command.ts'
import type { Place } from './gatehouse.ts'

/**
 * Plays a transcript: what a person types after `$ gatehouse`, then exactly what appears. Lines on stderr begin with
 * `! `, an exit code other than 0 stands as `=> 2`. `<<< text` gives a line on stdin. Ids, times, fingerprints, hashes
 * passwords and secrets differ from run to run and are written as `<acc>`, `<time>`, `<fingerprint>`, `<hash>`,
 * `<password>`, `<secret>`;
 * `{name}` in a command is filled from `values`.
 */
export async function play(
  place: Place,
  transcript: string,
  values: Readonly<Record<string, string>> = {},
  env: Env = {},
): Promise<void> {
  for (const { command, expected } of stepsOf(transcript)) {
    const [line = '', stdin] = command.split(' <<< ')
    const args = words(line).map((word) =>
      word.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
    )
    const run = await place.run(args, { ...(stdin === undefined ? {} : { stdin: `${stdin}\n` }), env })
    assert.equal(shown(run, values), expected, `$ gatehouse ${command}`)
  }
}

interface Step {
  readonly command: string
  readonly expected: string
}

function stepsOf(transcript: string): readonly Step[] {
  const lines = transcript.replaceAll(/^\n|\n\s*$/g, '').split('\n')
  const indent = /^\s*/.exec(lines[0] ?? '')?.[0].length ?? 0
  const steps: { command: string; expected: string[] }[] = []
  for (const line of lines.map((text) => text.slice(indent))) {
    const command = /^\$ gatehouse ?(.*)$/.exec(line)?.[1]
    if (command !== undefined) steps.push({ command, expected: [] })
    else steps.at(-1)?.expected.push(line)
  }
  return steps.map(({ command, expected }) => ({ command, expected: expected.join('\n').trimEnd() }))
}

/** Words of a command line, with double quotes around those that hold spaces. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function shown({ code, stdout, stderr }: Run, values: Readonly<Record<string, string>>): string {
  const errors =
    stderr.trimEnd() === ''
      ? []
      : stderr
          .trimEnd()
          .split('\n')
          .map((line) => `! ${line}`.trimEnd())
  const out =
    stdout.trimEnd() === ''
      ? []
      : stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.trimEnd())
  const lines = [...out, ...errors, ...(code === 0 ? [] : [`=> ${code}`])]
  return masked(lines.join('\n'), values)
}

function masked(text: string, values: Readonly<Record<string, string>>): string {
  let result = text
  for (const [name, value] of Object.entries(values)) result = result.replaceAll(value, `{${name}}`)
  return result
    .replaceAll(/\b([a-z]{2,3})_[0-9a-f]{32}\b/g, '<$1>')
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/\b(?:[0-9a-f]{2}:){31}[0-9a-f]{2}\b/g, '<fingerprint>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(/(shown this once: )\S+/g, '$1<password>')
    .replaceAll(/\b\d+(?= ms\.)/g, '<ms>')
    .replaceAll(/\bgat_[\w-]+/g, '<token>')
    .replaceAll(/\bgen_[\w-]+/g, '<enrolment token>')
    .replaceAll(/\bwhsec_\S+/g, '<secret>')
}
