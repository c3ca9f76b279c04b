import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

test('why, grants and requests', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse accounts create sam
    Created sam (<acc>).
    Password, shown this once: <password>
    $ gatehouse grants list
    No grants.
    $ gatehouse requests list
    No requests.
    $ gatehouse grants create sam --permission roles:read --for often
    ! gatehouse: Wrong usage
    !   --for takes a duration such as 15m, 1h or 7d, not often.
    !   (cli.usage)
    => 2
    $ gatehouse why roles:read:auditor --as sam
    sam may not roles:read:auditor
    Decided at the step policy: No role, grant or policy gives roles:read:auditor.

    STEP        ANSWER   SAW                                                                              SAID
    principal   passed   who sam; kind account; state active                                              Known and active.
    credential  passed   kind password; covers everything                                                 The password covers it.
    app         passed   app none acts                                                                    No app acts in between.
    grant       passed   grant none is acted under                                                        It is not done under a grant.
    policy      refused  asked roles:read:auditor; about Access::Role auditor; attributes builtIn = true  No role, grant or policy gives roles:read:auditor.

    Who could grant it  no active account; whoever runs the machine

    What would change it:
      A role or a grant that covers roles:read:auditor.
    $ gatehouse requests ask roles:read --reason curious
    ! gatehouse: Only people ask
    !   Nothing was asked for: a request is made by an account for itself, not under a grant or through an app.
    !   (access.request-for-account, request <req>)
    => 1
    `,
  )
})
