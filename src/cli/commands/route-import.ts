import { readFileSync, statSync } from 'node:fs'
import { type ImportView, importView, mostRulesBytes } from '#gateway/contract'
import { appliedView, planView } from '#state/contract'
import { type Client, connect } from '../client.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { codeOfFile } from '../secret-file.ts'
import { differenceText, summary } from '../state/difference.ts'
import { parseState } from '../state/state-file.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, painted, print } from '../terminal.ts'
import { visible } from '../text.ts'

export interface ImportOptions extends TargetOptions {
  readonly glob?: boolean
  readonly dryRun?: boolean
  readonly partial?: boolean
  readonly yes?: boolean
}

/**
 * Turns Oathkeeper's rules into routes: says what each became, shows what would change, asks, and changes it. While a rule
 * cannot be taken nothing is changed, unless `--partial` says so.
 */
export async function importOathkeeper(file: string, options: ImportOptions): Promise<void> {
  const body = { rules: rulesIn(file), strategy: options.glob === true ? 'glob' : 'regexp' }
  const client = await connect(options)
  const { data: report } = await client.call('POST', '/api/v1/route-imports/oathkeeper', importView, { body })
  if (options.json !== true) note(reportText(report))
  const refused = report.rules.filter(({ faults }) => faults.length > 0)
  const isHalted = refused.length > 0 && options.partial !== true
  const plan = Object.keys(report.state.routes).length === 0 ? undefined : await planned(client, report)
  if (isHalted || options.dryRun === true || plan === undefined) {
    print(options, { import: report, plan: plan?.raw ?? null }, () => plan?.text ?? 'No routes.')
    if (isHalted || plan === undefined) throw halted(refused)
    if (plan.changes > 0) throw differs(plan.summary)
    return
  }
  if (plan.changes === 0) {
    print(options, { import: report, plan: plan.raw }, () => plan.text)
    return
  }
  if (options.json !== true) note(plan.text)
  await confirm(`Apply ${plan.changes === 1 ? 'this change' : `these ${plan.changes} changes`}?`, options)
  const asPlanned = { state: report.state, prune: false, fingerprint: plan.fingerprint }
  const { data } = await client.call('POST', '/api/v1/state/apply', appliedView, { body: asPlanned })
  print(
    options,
    { import: report, applied: data },
    () => `Applied ${data.items.length === 1 ? '1 change' : `${data.items.length} changes`}.`,
  )
}

function rulesIn(path: string): readonly unknown[] {
  const { state } = parseState(textOf(path), path)
  if (Array.isArray(state) && state.length > 0) return state
  throw wrongUsage(`${path} holds no list of access rules. Nothing was sent.`)
}

function textOf(path: string): string {
  try {
    if (path !== '-' && statSync(path).size > mostRulesBytes) throw tooLarge(path)
    const text = readFileSync(path === '-' ? 0 : path, 'utf8')
    if (Buffer.byteLength(text) > mostRulesBytes) throw tooLarge(path)
    return text
  } catch (error) {
    if (error instanceof Failure) throw error
    throw wrongUsage(`${path} cannot be read (${codeOfFile(error)}).`)
  }
}

function tooLarge(path: string): Failure {
  return wrongUsage(`${path} is larger than ${mostRulesBytes / 1024 / 1024} MiB. Nothing was sent.`)
}

async function planned(client: Client, { state }: ImportView) {
  const { data, raw } = await client.call('POST', '/api/v1/state/plan', planView, { body: { state, prune: false } })
  return {
    raw,
    text: differenceText(data, painted),
    summary: summary(data.items),
    changes: data.items.filter(({ action }) => action !== 'unchanged').length,
    fingerprint: data.fingerprint,
  }
}

function reportText({ rules, findings, routeFindings, complete, general }: ImportView): string {
  const lines = rules.flatMap(({ index, id, routes, isPublic, notes, faults }) => [
    `${index + 1}. ${visible(id)}: ${faults.length > 0 ? 'REFUSED' : `${routes.join(', ')}${isPublic ? ' (everybody)' : ''}`}`,
    ...faults.map((fault) => `     fault: ${visible(fault)}`),
    ...notes.map(({ kind, what, text }) => `     ${kind}: ${visible(what)}: ${visible(text)}`),
  ])
  const odd = [
    ...findings.map(({ level, text }) => `${level}: ${visible(text)}`),
    ...routeFindings.map(({ level, route, text }) => `${level}: route ${visible(route)}: ${visible(text)}`),
    ...(complete ? [] : ['There are more: take the file in parts to see them.']),
  ]
  return [
    'Rules',
    ...lines,
    '',
    'Of all of them',
    ...general.map((text) => `- ${visible(text)}`),
    ...(odd.length > 0 ? ['', 'Findings', ...odd] : []),
    '',
  ].join('\n')
}

function halted(refused: ImportView['rules']): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.rules-refused',
    title: `${refused.length} of the rules cannot be taken as they are`,
    detail:
      'Nothing was changed. Change these rules, or leave them out with --partial and see the findings on what may answer in their place.',
    faults: refused.slice(0, 50).map(({ id, faults }) => ({ field: id, message: faults[0] ?? '' })),
  })
}

function differs(what: string): Failure {
  return new Failure({
    exit: exitCodes.differs,
    code: 'cli.state-differs',
    title: 'What stands is not what the rules say',
    detail: `${what} Nothing was changed: this was a dry run.`,
  })
}
