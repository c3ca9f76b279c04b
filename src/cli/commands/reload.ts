import { type ReloadReportJson, reloadReport } from '#platform/contract'
import { connect } from '../client.ts'
import { exitCodes, Failure } from '../failure.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { time, visible } from '../text.ts'

/** Lets the server read its configuration and certificates again; exit code 1 where a certificate could not be used. */
export async function reload(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', '/api/v1/configuration/reload', reloadReport, { body: {} })
  print(options, raw, () => linesOf(data).join('\n'))
  if (data.certificates.some(({ faults }) => faults.length > 0)) throw notRead
}

const notRead = new Failure({
  code: 'cli.certificate-not-read',
  title: 'A certificate was not read',
  detail:
    'Its files have faults. Everything else was reloaded. Put the files right; they are read again by themselves.',
  exit: exitCodes.failed,
})

function linesOf({ applied, needRestart, certificates }: ReloadReportJson): readonly string[] {
  const settings = [
    ...applied.map((name) => `Changed: ${name}`),
    ...needRestart.map((name) => `Needs a restart, as before until then: ${name}`),
  ]
  return [
    ...(settings.length === 0 ? ['No setting changed.'] : settings),
    ...certificates.flatMap(({ certificate, state, notAfter, names, faults, warnings }) => [
      `Certificate ${visible(certificate)}: ${words[state]}${notAfter === null ? '' : `, for ${names.join(', ')}, until ${time(notAfter)}`}`,
      ...faults.map((fault) => `  fault: ${visible(fault)}`),
      ...warnings.map((warning) => `  warning: ${visible(warning)}`),
    ]),
  ]
}

const words: Readonly<Record<ReloadReportJson['certificates'][number]['state'], string>> = {
  loaded: 'new, and served from now on',
  unchanged: 'unchanged',
  kept: 'NOT read; the one before is served on',
  refused: 'NOT read, and nothing is served',
}
