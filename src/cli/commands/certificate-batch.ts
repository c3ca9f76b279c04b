import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { batchBody, type IssuedBatch, issuedBatch } from '#pki/contract'
import { type Client, connect } from '../client.ts'
import { Failure, notWritten, wrongUsage } from '../failure.ts'
import { judged, readText } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { note, print } from '../terminal.ts'
import { visible } from '../text.ts'

export interface BatchOptions extends TargetOptions {
  readonly holders: string
  readonly days?: string
}

/** Orders in one request: each is issued whole or not at all. */
const ordersAtOnce = 100
const longestRequest = 16_384
const ending = '.csr'

/** A certificate for every `NAME.csr` in a folder, written beside it as `NAME.pem`; what has one already is passed over. */
export async function issueBatch(profile: string, folder: string, options: BatchOptions): Promise<void> {
  if (!['device', 'service', 'account'].includes(options.holders)) {
    throw wrongUsage('--holders is device, service or account.')
  }
  const names = namesIn(folder)
  const client = await connect(options)
  const ids: string[] = []
  for (let start = 0; start < names.length; start += ordersAtOnce) {
    const part = names.slice(start, start + ordersAtOnce)
    const { items, chain } = await issueFor(client, profile, folder, part, options)
    for (const [index, { id, pem }] of items.entries()) {
      writeNew(join(folder, `${part[index]}.pem`), pem + chain)
      ids.push(id)
    }
    if (options.json !== true) note(`Issued ${ids.length} of ${names.length}.`)
  }
  print(options, { issued: ids }, () =>
    ids.length === 0 ? `No new ${ending} file in ${visible(folder)}.` : ids.join('\n'),
  )
}

/** A file cut short would be passed over as one that is there. @throws Failure `cli.not-written` */
function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    rmSync(file, { force: true })
    throw notWritten(file, error)
  }
}

async function issueFor(
  client: Client,
  profile: string,
  folder: string,
  names: readonly string[],
  { holders, days }: BatchOptions,
): Promise<IssuedBatch> {
  try {
    const body = judged(batchBody, {
      profile,
      orders: names.map((name) => ({ [holders]: name, request: readText(join(folder, name + ending)) })),
      ...(days === undefined ? {} : { days: Number(days) }),
    })
    return (await client.call('POST', '/api/v1/certificates/batch', issuedBatch, { body })).data
  } catch (error) {
    throw error instanceof Failure ? namingFiles(error, names) : error
  }
}

/** Faults are told by an order's place among those sent; people know the files. */
function namingFiles({ details }: Failure, names: readonly string[]): Failure {
  const { faults, ...rest } = details
  if (faults === undefined) return new Failure(rest)
  const fileOf = (order: string, at: string): string => {
    const name = names[Number(at)]
    return name === undefined ? order : name + ending
  }
  return new Failure({
    ...rest,
    faults: faults.map(({ field, message }) => ({ field: field.replace(/^orders\.(\d+)/, fileOf), message })),
  })
}

function namesIn(folder: string): readonly string[] {
  let files: readonly string[]
  try {
    files = readdirSync(folder)
  } catch {
    throw wrongUsage(`${visible(folder)} is no folder that can be read. Nothing was issued.`)
  }
  const known = new Set(files)
  const names = files.flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : []))
  const large = names.find((name) => statSync(join(folder, name + ending)).size > longestRequest)
  if (large !== undefined) throw wrongUsage(`${visible(large + ending)} is no certificate request. Nothing was issued.`)
  return names.filter((name) => !known.has(`${name}.pem`)).toSorted()
}
