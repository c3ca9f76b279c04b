import type { Command } from 'commander'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

const sample = 'ca_0199c0ffee00700080000000000000aa'

/** `gatehouse pki crl …` */
export function addLists(pki: Command): void {
  const lists = group(pki, 'crl', 'Revocation lists of authorities whose key is kept elsewhere')

  remote(lists, 'request <authority>', {
    summary: 'Shows what the next list has to say; with --out, writes the files that OpenSSL signs it by',
    example: `gatehouse pki crl request ${sample} --out list-request`,
  })
    .option('--out <folder>', 'writes crl.cnf, index.txt, crlnumber and authority.pem there')
    .action(async (id: string, options: TargetOptions & { out?: string }) => {
      const { requestList } = await import('../commands/revocation-lists.ts')
      await requestList(id, options)
    })

  remote(lists, 'import <authority> <file>', {
    summary: 'Serves a list that was signed elsewhere, after everything about it was checked',
    example: `gatehouse pki crl import ${sample} list.pem`,
  }).action(async (id: string, file: string, options: TargetOptions) => {
    const { importList } = await import('../commands/revocation-lists.ts')
    await importList(id, file, options)
  })
}
