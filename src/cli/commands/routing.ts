import { type FindingView, routeReport, type TrialView, trialView } from '#gateway/contract'
import { principalIdOf } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { exitCodes, Failure } from '../failure.ts'
import type { TargetOptions } from '../target.ts'
import { bold, note, print } from '../terminal.ts'
import { facts, table, visible } from '../text.ts'

export interface TrialOptions extends TargetOptions {
  readonly as?: string
  readonly from?: string
}

/** Prints what is odd about the routes. @throws Failure `cli.routes-faulty` where one of them can never answer as it stands */
export async function checkRoutes(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', '/api/v1/route-findings', routeReport)
  print(options, raw, () => reportText(data.items, data.more))
  const errors = data.items.filter(({ level }) => level === 'error').length
  if (errors === 0) return
  throw new Failure({
    exit: exitCodes.failed,
    code: 'cli.routes-faulty',
    title: errors === 1 ? 'One route is at fault' : `${errors} routes are at fault`,
    detail: 'They never answer, or chance decides which one does. Nothing was changed.',
  })
}

/** What would become of a request; ends well whatever the answer is: it was a question. */
export async function tryRequest(method: string, url: string, options: TrialOptions): Promise<void> {
  const client = await connect(options)
  const body = { method, url, principal: await principalIdOf(client, options.as), address: options.from }
  const { data, raw } = await client.call('POST', '/api/v1/route-trials', trialView, { body })
  print(options, raw, () => trialText(data))
}

/** Tells on stderr what a saved route's place makes odd. */
export function noteWarnings(warnings: readonly FindingView[]): void {
  for (const { level, route, text } of warnings) note(`${level}: ${visible(route)}: ${visible(text)}`)
}

function reportText(items: readonly FindingView[], more: number): string {
  if (items.length === 0) return 'Nothing to report.'
  const rows = items.map(({ level, kind, route, text }) => [level, kind, route, text])
  return table(['GRADE', 'KIND', 'ROUTE', 'WHAT'], rows) + (more > 0 ? `\nAnd ${more} more.` : '')
}

function trialText(trial: TrialView): string {
  const { route, rule, before, decision, others } = trial
  const lines = [bold(visible(verdictOf(trial))), visible(trial.text)]
  if (route !== null) {
    lines.push(
      '',
      facts([
        ['Route', `${route.name}: ${route.place}`],
        ['Why this one', route.because],
        ...rule.map(({ name, text }): [string, string] => [name, text]),
        ['Asked first', before === null ? undefined : before.reason],
        [
          'Decision',
          decision === null
            ? undefined
            : `${decision.allowed ? 'allowed' : 'refused'} at the step ${decision.step}: ${decision.reason}`,
        ],
        ['Permission', decision?.permission],
        ['App', route.upstreams.join(' ')],
      ]),
    )
  }
  const ways = [
    ...(before?.allowed === false ? [before.way] : []),
    ...(decision?.allowed === false ? decision.ways : []),
  ]
  if (ways.length > 0) lines.push('', 'What would change it:', ...ways.map((way) => `  ${visible(way)}`))
  if (others.length > 0) {
    const rows = others.map(({ name, place, because }) => [name, place, because])
    lines.push('', 'Covers it too:', table(['ROUTE', 'PLACE', 'BECAUSE'], rows))
  }
  return lines.join('\n')
}

function verdictOf({ outcome, status, code, who, method, host, path }: TrialView): string {
  const name = who.kind === 'anonymous' ? 'A stranger' : who.name
  const what = `${method} ${host ?? ''}${path}`
  switch (outcome) {
    case 'served':
      return `${name} reaches the app: ${what}`
    case 'sign-in':
      return `${name} is asked to sign in: ${what}`
    case 'own':
      return `Gatehouse itself answers: ${what}`
    case 'refused':
      return `${name} is refused with ${status ?? ''}${code === null ? '' : ` (${code})`}: ${what}`
  }
}
