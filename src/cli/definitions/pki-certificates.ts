import type { Command } from 'commander'
import type { KeyOptions } from '../certificate-key.ts'
import type { BatchOptions } from '../commands/certificate-batch.ts'
import type { IssueOptions, ListOptions } from '../commands/certificates.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse pki certificates …` */
export function addCertificates(pki: Command): void {
  const certificates = group(pki, 'certificates', 'What was issued')
  remote(certificates, 'list', {
    summary: 'Lists certificates, newest first',
    example: 'gatehouse pki certificates list --state ending',
  })
    .option('--search <text>', 'only those with this text in a name, the serial number or the label')
    .option('--profile <profile>', 'only those of this profile')
    .option('--state <state>', 'only those in this state: valid, ending, ended, revoked')
    .option('--holder <id>', 'only those that speak for this principal')
    .option('--asker <id>', 'only those that this principal asked for')
    .action(async (options: ListOptions) => {
      const { listCertificates } = await import('../commands/certificates.ts')
      await listCertificates(options)
    })

  remote(certificates, 'show <id>', {
    summary: 'Shows a certificate; with --pem, it and its chain alone on stdout',
    example: 'gatehouse pki certificates show crt_0199c0ffee00700080000000000000aa --pem > chain.pem',
  })
    .option('--pem', 'prints the chain in PEM and nothing else')
    .action(async (id: string, options: TargetOptions & { pem?: boolean }) => {
      const { showCertificate } = await import('../commands/certificates.ts')
      await showCertificate(id, options)
    })

  aboutKey(
    remote(certificates, 'issue <profile>', {
      summary: 'Issues a certificate for a request and prints its chain, alone on stdout',
      example: [
        'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout washer-7.key -subj /CN=washer-7 -out washer-7.csr',
        'gatehouse pki certificates issue device --device washer-7 --request washer-7.csr > washer-7.pem',
        'gatehouse pki certificates issue person --account ada --p12 ada.p12',
      ].join('\n'),
    }),
  )
    .option('--account <handle>', 'the account it speaks for')
    .option('--device <name>', 'the device it speaks for')
    .option('--service <name>', 'the service it speaks for')
    .option('--name <host>', 'a host it is for; absent: those of the request (repeatable)', several)
    .option('--label <text>', 'to know it by in lists')
    .option('--days <number>', 'ends sooner than the profile says')
    .option('--permission <permission>', 'what may be done by it at most (repeatable)', several)
    .option('--network <cidr>', 'only from this network or @named network (repeatable)', several)
    .option('--yes', 'does not ask when the limits would shut out where you are now')
    .action(async (profile: string, options: IssueOptions) => {
      const { issueCertificate } = await import('../commands/certificates.ts')
      await issueCertificate(profile, options)
    })

  remote(certificates, 'issue-batch <profile> <folder>', {
    summary: 'Issues a certificate for every NAME.csr in a folder, as NAME.pem beside it',
    example: 'gatehouse pki certificates issue-batch device ./requests',
  })
    .option('--holders <kind>', 'what the files are named after: device, service or account', 'device')
    .option('--days <number>', 'ends sooner than the profile says')
    .action(async (profile: string, folder: string, options: BatchOptions) => {
      const { issueBatch } = await import('../commands/certificate-batch.ts')
      await issueBatch(profile, folder, options)
    })

  aboutKey(
    remote(certificates, 'reset <id>', {
      summary: 'Puts a certificate of another key, with the same limits, in the place of one, which is revoked',
      example: 'gatehouse pki certificates reset crt_0199c0ffee00700080000000000000aa --p12 ada.p12 --yes',
    }),
  )
    .option('--yes', 'does not ask')
    .action(async (id: string, options: KeyOptions & { yes?: boolean }) => {
      const { resetCertificate } = await import('../commands/certificates.ts')
      await resetCertificate(id, options)
    })

  remote(certificates, 'revoke <id>', {
    summary: 'Revokes a certificate and what was renewed from it: from its next use on it proves nothing',
    example: 'gatehouse pki certificates revoke crt_0199c0ffee00700080000000000000aa --reason keyCompromise --yes',
  })
    .option(
      '--reason <reason>',
      'unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn',
      'unspecified',
    )
    .option('--yes', 'does not ask')
    .action(async (id: string, options: TargetOptions & { reason: string; yes?: boolean }) => {
      const { revokeCertificate } = await import('../commands/certificates.ts')
      await revokeCertificate(id, options)
    })

  remote(certificates, 'revoke-all <holder>', {
    summary: 'Revokes every certificate that speaks for a principal: what to do about a lost device',
    example: 'gatehouse pki certificates revoke-all dev_0199c0ffee00700080000000000000aa --reason keyCompromise --yes',
  })
    .option('--reason <reason>', 'as for revoke', 'unspecified')
    .option('--yes', 'does not ask')
    .action(async (holder: string, options: TargetOptions & { reason: string; yes?: boolean }) => {
      const { revokeAllCertificates } = await import('../commands/certificates.ts')
      await revokeAllCertificates(holder, options)
    })
}

/** What key it is for: the same of every command that has one certified. */
function aboutKey(command: Command): Command {
  return command
    .option('--request <file>', 'the request (PKCS #10 in PEM), or - for stdin')
    .option('--new-key <file>', 'has the key made by the server instead, and writes it here with mode 0600')
    .option(
      '--p12 <file>',
      'has the key made by the server instead, and writes it with its chain as a PKCS #12 file, mode 0600; the password is printed, this once',
    )
    .option('--password-stdin', 'with --p12: takes the password of the file from stdin')
    .option('--older', 'with --p12: in the older form, for Apple systems that refuse the other')
}
