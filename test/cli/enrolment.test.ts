import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

test('enrolment tokens', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse pki enrol-tokens list
    No enrolment tokens.
    $ gatehouse pki enrol-tokens create --device wm-42
    <enrolment token>
    ! Created wm-42 (<ent>).
    ! It works once, until <time>. This is shown once:
    $ gatehouse pki enrol-tokens create --service billing --host billing.example.org
    ! gatehouse: This name cannot stand in the certificate
    !   Nothing was issued: the profile service does not allow "billing.example.org". Choose another name, or a profile that allows it.
    !   (pki.name-not-allowed, request <req>)
    => 1
    $ gatehouse pki enrol-tokens create --service billing --device wm-42
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   account: it speaks for one holder
    !   (cli.usage)
    => 2
    $ gatehouse pki enrol-tokens create --account nobody
    ! gatehouse: There is nobody of this name
    !   nobody is not known, not active, or was removed. Nothing was issued or changed.
    !   (pki.no-such-holder, request <req>)
    => 1
    $ gatehouse pki enrol-tokens create --device wm-42 --expires-in 90d
    ! gatehouse: A token cannot last so long
    !   An enrolment token ends a minute to 30 days from now. Nothing was made.
    !   endsAt: a minute to 30 days from now
    !   (pki.token-life-invalid, request <req>)
    => 1
    $ gatehouse pki enrol-tokens list
    LABEL  PROFILE  HOLDER  STATE  LEFT    ENDS                  ID
    wm-42  device   wm-42   open   1 of 1  <time>  <ent>
    $ gatehouse pki enrol-tokens revoke ent_0199c0ffee00700080000000000000aa --yes
    ! gatehouse: No such enrolment token
    !   There is no enrolment token with this id. Nothing was changed.
    !   (pki.no-such-enrolment-token, request <req>)
    => 1
    `,
  )
})
