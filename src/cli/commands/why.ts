import type { z } from 'zod'
import { explanation } from '#access/contract'
import { principalIdOf } from '../account-lookup.ts'
import { connect } from '../client.ts'
import type { TargetOptions } from '../target.ts'
import { bold, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

export interface WhyOptions extends TargetOptions {
  readonly as?: string
  readonly from?: string
}

type Told = z.infer<typeof explanation>

/** Why somebody may or may not; ends well whatever the answer is: it was a question, not an attempt. */
export async function tellWhy(permission: string, options: WhyOptions): Promise<void> {
  const client = await connect(options)
  const query = { permission, principal: await principalIdOf(client, options.as), address: options.from }
  const { data, raw } = await client.call('GET', '/api/v1/why', explanation, { query })
  print(options, raw, () => textOf(data))
}

function textOf(told: Told): string {
  const { principal, permission, allowed, step, reason } = told
  const asked = visible(permission ?? 'anything signed in')
  const verdict = `${visible(principal.name)} ${allowed ? 'may' : 'may not'} ${asked}`
  return [
    bold(verdict),
    told.before?.allowed === false
      ? `Refused before the chain: ${visible(reason)}`
      : `Decided at the step ${step}: ${visible(reason)}`,
    ...(told.missing ? ['There is no such thing: it is permitted for all of the kind.'] : []),
    '',
    table(
      ['STEP', 'ANSWER', 'SAW', 'SAID'],
      [...beforeRows(told), ...told.steps.map((one) => ({ ...one, saw: sawText(one.saw) }))].map((one) => [
        one.step,
        one.allowed ? 'passed' : 'refused',
        one.saw,
        one.reason,
      ]),
    ),
    '',
    facts([
      ['Given by', told.sources.map(sourceText).join(', ')],
      ['Who could grant it', peopleText(told.change.granters)],
      ['Who could change the policy', peopleText(told.change.policyAuthors)],
    ]),
    '',
    'What would change it:',
    ...told.change.ways.map((way) => `  ${visible(way)}`),
    ...(told.change.mayAsk ? [`Ask for it: gatehouse requests ask ${asked} --reason "…"`] : []),
    ...told.rules.flatMap(({ id, text }) => [
      '',
      visible(id),
      ...text
        .trim()
        .split('\n')
        .map((line) => visible(line)),
    ]),
  ]
    .filter((line, index, lines) => line !== '' || lines[index - 1] !== '')
    .join('\n')
}

/** What is asked before the chain stands above its steps. */
function beforeRows({ before }: Told) {
  if (before === null) return []
  const saw = before.saw.map(({ name, values }) => `${name.toLowerCase()} ${values.join(' ')}`).join('; ')
  return [{ step: 'before it', allowed: before.allowed, saw, reason: before.reason }]
}

function sawText(saw: Told['steps'][number]['saw']): string {
  return saw
    .map(({ name, values, more }) => `${name.toLowerCase()} ${values.join(' ')}${more > 0 ? ` and ${more} more` : ''}`)
    .join('; ')
}

function sourceText({ kind, name, from, endsAt }: Told['sources'][number]): string {
  const by = from === undefined ? '' : ` from ${from}`
  return `${kind} ${name}${by}${endsAt === undefined ? '' : ` until ${time(endsAt)}`}`
}

function peopleText(people: Told['change']['granters']): string | undefined {
  if (people === null) return undefined
  if (people.items.length === 0) return 'no active account; whoever runs the machine'
  return people.items.map(({ name }) => name).join(', ') + (people.more ? ' and others' : '')
}
