import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importedListView, importListBody, listRequestView } from '#pki/contract'
import { connect } from '../client.ts'
import { notWritten } from '../failure.ts'
import { judged, readText } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { note, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/certificate-authorities'

export async function requestList(id: string, options: TargetOptions & { readonly out?: string }): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', `${path}/${encodeURIComponent(id)}/list-request`, listRequestView)
  if (options.out !== undefined) writeFiles(options.out, data.files)
  print(options, raw, () =>
    [
      facts([
        ['Authority', data.name],
        ['Served now', data.served === null ? 'none' : `number ${data.served.number}`],
        ['It ends', data.served === null ? undefined : time(data.served.nextUpdate)],
        ['Next number, at least', String(data.number)],
      ]),
      data.revoked.length === 0
        ? 'Nothing is revoked below it; the list says so.'
        : table(
            ['SERIAL', 'REVOKED', 'REASON', 'AUTHORITY'],
            data.revoked.map((one) => [one.serial, time(one.revokedAt), one.reason, one.name ?? '']),
          ),
    ].join('\n\n'),
  )
  if (options.out === undefined) return
  note(`Written to ${visible(options.out)}. Beside the key, as key.pem, in that folder:`)
  note(`  ${data.command}`)
  note(`Then: gatehouse pki crl import ${id} list.pem`)
}

export async function importList(id: string, file: string, options: TargetOptions): Promise<void> {
  const body = judged(importListBody, { list: readText(file) })
  const client = await connect(options)
  const where = `${path}/${encodeURIComponent(id)}/import-list`
  const { data, raw } = await client.call('POST', where, importedListView, { body })
  print(options, raw, () =>
    [
      `The list of ${visible(data.name)} is served: number ${data.number}, ${data.entries} revoked, ends ${time(data.nextUpdate)}.`,
      ...data.notRevokedHere.map((one) => `It revokes ${visible(one)}, which is not revoked here.`),
    ].join('\n'),
  )
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(folder, { recursive: true })
    for (const name of fileNames) writeFileSync(join(folder, name), files[name] ?? '')
  } catch (error) {
    throw notWritten(folder, error)
  }
}

/** No other name from a server becomes a file here. */
const fileNames = ['crl.cnf', 'index.txt', 'crlnumber', 'authority.pem'] as const
