import { type AppliedView, appliedView, planView, stateDocument } from '#state/contract'
import { connect } from '../client.ts'
import { exitCodes, Failure, notWritten } from '../failure.ts'
import { replaceFile } from '../replaced-file.ts'
import { codeOfFile, newSecretFile, type SecretFile } from '../secret-file.ts'
import { differenceText, summary } from '../state/difference.ts'
import { placed, readStateFile } from '../state/state-file.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, painted, print } from '../terminal.ts'
import { visible } from '../text.ts'

export interface ApplyOptions extends TargetOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly prune?: boolean
  readonly yes?: boolean
  readonly secrets?: string
}

export interface ExportOptions extends TargetOptions {
  readonly output?: string
  readonly kinds?: string
}

/** Shows what a file would change, asks, and changes it: all of it or nothing. */
export async function applyState(options: ApplyOptions): Promise<void> {
  const file = readStateFile(options.file)
  const client = await connect(options)
  const body = { state: file.state, prune: options.prune === true }
  const send = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      throw placed(error, file)
    }
  }
  const { data: plan, raw } = await send(client.call('POST', '/api/v1/state/plan', planView, { body }))
  const changes = plan.items.filter(({ action }) => action !== 'unchanged')
  if (options.dryRun === true || changes.length === 0) {
    print(options, raw, () => differenceText(plan, painted))
    if (changes.length > 0) throw differs(summary(plan.items))
    return
  }
  if (options.json !== true) note(differenceText(plan, painted))
  await confirm(`Apply ${changes.length === 1 ? 'this change' : `these ${changes.length} changes`}?`, options)
  const { secrets: path } = options
  const kept = path === undefined ? undefined : newSecretFile(path, '--secrets', 'Nothing was applied.')
  const asPlanned = { ...body, fingerprint: plan.fingerprint }
  const { data } = await send(client.call('POST', '/api/v1/state/apply', appliedView, { body: asPlanned })).catch(
    (error: unknown) => {
      kept?.discard()
      throw error
    },
  )
  const written = kept !== undefined && isKept(kept, data.secrets)
  const told = written ? { ...data, secrets: [] } : data
  print(options, told, () => appliedText(told, written ? kept.path : undefined))
}

/** Prints what stands as a file, or writes it. */
export async function exportState(options: ExportOptions): Promise<void> {
  const client = await connect(options)
  const query = { kinds: options.kinds }
  const { data, raw } = await client.call('GET', '/api/v1/state', stateDocument, { query })
  const { stringify } = await import('yaml')
  const text = stringify(data, { aliasDuplicateObjects: false, lineWidth: 0, schema: 'core' })
  if (options.output === undefined) return print(options, raw, () => text.trimEnd())
  // people's names and addresses stand in it
  try {
    replaceFile(options.output, options.json === true ? `${JSON.stringify(raw, null, 2)}\n` : text)
  } catch (error) {
    throw notWritten(options.output, error, 'What stood there before stands.')
  }
  note(`Wrote ${visible(options.output)}.`)
}

function appliedText({ items, secrets }: AppliedView, path: string | undefined): string {
  const done = `Applied ${items.length === 1 ? '1 change' : `${items.length} changes`}.`
  if (path !== undefined) return `${done} Passwords, tokens and secrets that were made stand in ${visible(path)}.`
  if (secrets.length === 0) return done
  return [
    done,
    'Shown this once:',
    ...secrets.map(({ kind, name, what, secret }) => `  ${what} of ${visible(`${kind}/${name}`)}: ${visible(secret)}`),
  ].join('\n')
}

/** False when it cannot be written: then the secrets must be shown. */
function isKept(file: SecretFile, secrets: AppliedView['secrets']): boolean {
  try {
    file.write(`${JSON.stringify(secrets, null, 2)}\n`)
    return true
  } catch (error) {
    note(`${visible(file.path)} could not be written (${codeOfFile(error)}).`)
    return false
  }
}

function differs(what: string): Failure {
  return new Failure({
    exit: exitCodes.differs,
    code: 'cli.state-differs',
    title: 'What stands is not what the file says',
    detail: `${what} Nothing was changed: this was a dry run.`,
  })
}
