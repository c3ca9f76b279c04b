import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import type { z } from 'zod'
import {
  dryRunBody,
  dryRunResult,
  policy,
  policyBody,
  policyDelete,
  policyList,
  policyPatch,
  policyRollback,
  policySchema,
  policyTemplates,
  policyVersion,
  policyVersionList,
} from '#access/contract'
import { type Client, connect } from '../client.ts'
import { Failure, wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/policies'
/** Changes a terminal shows; --json has all that were listed. */
const maxShown = 40

export interface SaveOptions extends TargetOptions {
  readonly file: string
  readonly title?: string
  readonly state?: string
  readonly reason?: string
  readonly yes?: boolean
}

export interface DryRunOptions extends TargetOptions {
  readonly file: string
  readonly state: string
  readonly address?: string
  readonly at?: string
}

export interface SwitchOptions extends TargetOptions {
  readonly reason?: string
  readonly yes?: boolean
}

type DryRunResult = z.infer<typeof dryRunResult>

export async function listPolicies(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, policyList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No policies: roles and grants decide alone. "gatehouse policies templates" has some to begin with.'
      : table(
          ['NAME', 'TITLE', 'STATE', 'VERSION', 'WRITTEN BY'],
          list.items.map((one) => [one.name, one.title, one.state, String(one.version), one.author]),
        ) + list.more,
  )
}

export async function showPolicy(name: string, version: string | undefined, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  if (version !== undefined) {
    const { data, raw } = await client.call('GET', `${urlOf(name)}/versions/${numberOf(version)}`, policyVersion)
    print(options, raw, () => data.text.split('\n').map(visible).join('\n'))
    return
  }
  const { data, raw } = await client.call('GET', urlOf(name), policy)
  print(options, raw, () =>
    [
      facts([
        ['Name', data.name],
        ['Title', data.title],
        ['State', data.state],
        ['Version', `${data.version}, by ${data.author}`],
        ['Reason', data.reason],
        ['Written', time(data.savedAt)],
        ['Statements', data.statements.map(({ id }) => id).join(' ')],
      ]),
      '',
      ...data.text.split('\n').map(visible),
      ...data.warnings.map(({ line, message }) => `Line ${line}: ${visible(message)}`),
    ].join('\n'),
  )
}

export async function savePolicy(name: string, options: SaveOptions): Promise<void> {
  const { title, reason = '', state } = options
  const text = await textOf(options.file)
  const client = await connect(options)
  const former = await findPolicy(client, name)
  const wanted = { text, reason, ...(title === undefined ? {} : { title }), ...(state === undefined ? {} : { state }) }
  if (former === undefined) {
    const body = judged(policyBody, { name, ...wanted })
    await showTrial(client, { name, text, state: body.state }, options)
    const { data, raw } = await client.call('POST', path, policy, { body })
    print(options, raw, () => `Saved ${data.name}. It is ${words[data.state]}.`)
    return
  }
  const body = judged(policyPatch, wanted)
  await showTrial(client, { name, text, state: body.state ?? former.state }, options)
  const headers = former.etag === undefined ? {} : { 'if-match': former.etag }
  const { data, raw } = await client.call('PATCH', urlOf(name), policy, { body, headers })
  print(options, raw, () => `Saved version ${data.version} of ${data.name}. It is ${words[data.state]}.`)
}

export async function dryRunPolicy(name: string, options: DryRunOptions): Promise<void> {
  const { state, address, at } = options
  const body = judged(dryRunBody, { name, text: await textOf(options.file), state, address, at })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${path}/dry-run`, dryRunResult, { body })
  print(options, raw, () => trialText(data))
}

export async function policyHistory(name: string, options: TargetOptions & { readonly limit: string }): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, `${urlOf(name)}/versions`, policyVersionList, {}, options.limit)
  print(
    options,
    list.raw,
    () =>
      table(
        ['VERSION', 'WRITTEN', 'BY', 'REASON'],
        list.items.map((one) => [String(one.version), time(one.at), one.author.name, one.reason]),
      ) + list.more,
  )
}

export async function rollBackPolicy(name: string, version: string, options: SwitchOptions): Promise<void> {
  const body = judged(policyRollback, { version: numberOf(version), reason: options.reason ?? '' })
  const client = await connect(options)
  const former = await client.call('GET', `${urlOf(name)}/versions/${body.version}`, policyVersion)
  const { data: current } = await client.call('GET', urlOf(name), policy)
  await showTrial(client, { name, text: former.data.text, state: current.state }, options)
  const { data, raw } = await client.call('POST', `${urlOf(name)}/rollback`, policy, { body })
  print(options, raw, () => `${data.name} has the text of version ${body.version} again, as version ${data.version}.`)
}

export async function switchPolicy(
  name: string,
  verb: 'enable' | 'shadow' | 'disable',
  options: SwitchOptions,
): Promise<void> {
  const client = await connect(options)
  const { data: current } = await client.call('GET', urlOf(name), policy)
  const state = ({ enable: 'enforced', shadow: 'shadow', disable: 'off' } as const)[verb]
  // switching off is for when nothing else works: it waits for nothing
  if (verb !== 'disable') await showTrial(client, { name, text: current.text, state }, options)
  const body = { reason: options.reason ?? '' }
  const { data, raw } = await client.call('POST', `${urlOf(name)}/${verb}`, policy, { body })
  print(options, raw, () => `${data.name} is ${words[data.state]} now.`)
}

export async function deletePolicy(name: string, options: SwitchOptions): Promise<void> {
  const client = await connect(options)
  const { reason } = judged(policyDelete, { reason: options.reason })
  await confirm(`Delete ${visible(name)}? It decides nothing any more, and its name stays taken.`, options)
  await client.send('DELETE', `${urlOf(name)}${reason === '' ? '' : `?${new URLSearchParams({ reason })}`}`)
  print(options, { name, deleted: true }, () => `Deleted ${visible(name)}.`)
}

export async function listTemplates(name: string | undefined, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', '/api/v1/policy-templates', policyTemplates)
  if (name === undefined) {
    const rows = data.items.map((one) => [one.name, one.title, one.description])
    print(options, raw, () => table(['NAME', 'TITLE', 'WHAT IT DOES'], rows))
    return
  }
  const found = data.items.find((one) => one.name === name)
  if (found === undefined)
    throw wrongUsage(`There is no template ${name}. There are: ${data.items.map((one) => one.name).join(' ')}.`)
  print(options, found, () => found.text.trimEnd())
}

export async function printSchema(options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', '/api/v1/policy-schema', policySchema)
  print(options, raw, () => data.schema.trimEnd())
}

const words = { enforced: 'in force', shadow: 'only watched', off: 'off' } as const

interface Trial {
  readonly name: string
  readonly text: string
  readonly state: 'enforced' | 'shadow' | 'off'
}

/** Tells whose access changes and asks, where there is somebody to ask. */
async function showTrial(client: Client, trial: Trial, options: SwitchOptions): Promise<void> {
  if (trial.state !== 'enforced' || options.yes === true) return
  const { data } = await client.call('POST', `${path}/dry-run`, dryRunResult, { body: trial })
  note(trialText(data))
  await confirm(`Save ${visible(trial.name)} so that it is ${words[trial.state]}?`, options)
}

function trialText({ checked, cut, losing, gaining, failing, changes, lockOut, own, warnings }: DryRunResult): string {
  const rows = changes
    .slice(0, maxShown)
    .map(({ principal, permission, address, before, after }) => [
      principal.name,
      permission,
      address ?? '',
      before.allowed ? 'allowed' : 'refused',
      after.allowed ? 'allowed' : 'refused',
      after.reason,
    ])
  const rest = losing + gaining - rows.length
  return [
    `${losing} answers would be refused that are allowed now, ${gaining} allowed that are refused now.`,
    `${checked} questions were asked with and without it${cut ? '; there are more than were asked' : ''}.`,
    ...(failing === 0 ? [] : [`${failing} could not be worked out with it: they would be refused.`]),
    ...(lockOut === null ? [] : [`It would lock every administrator out and cannot be saved so: ${visible(lockOut)}`]),
    ...(own === null || lockOut !== null ? [] : [`It would refuse you to change it back from here: ${visible(own)}`]),
    ...warnings.map(({ line, message }) => `Line ${line}: ${visible(message)}`),
    ...(rows.length === 0 ? [] : ['', table(['WHO', 'ASKS', 'FROM', 'BEFORE', 'AFTER', 'WHY'], rows)]),
    ...(rest > 0 ? [`And ${rest} more.`] : []),
  ].join('\n')
}

/** What is saved under the name already; `undefined`: nothing. */
async function findPolicy(
  client: Client,
  name: string,
): Promise<{ readonly state: Trial['state']; readonly etag: string | undefined } | undefined> {
  try {
    const { data, etag } = await client.call('GET', urlOf(name), policy)
    return { state: data.state, etag }
  } catch (error) {
    if (error instanceof Failure && error.details.code === 'access.policy-unknown') return undefined
    throw error
  }
}

async function textOf(file: string): Promise<string> {
  if (file === '-') return readAll(process.stdin)
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw wrongUsage(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
  })
}

function numberOf(version: string): number {
  if (!/^[1-9]\d{0,8}$/.test(version)) throw wrongUsage(`A version is a number from 1, not ${version}.`)
  return Number(version)
}

function urlOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}
