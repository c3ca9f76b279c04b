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
    $ gatehouse routes create payroll --host payroll.localhost --upstream http://127.0.0.1:9 --signed-in --network 10.8.0.0/24
    Made.

    Name      payroll
    Address   {payroll}/
    Upstream  http://127.0.0.1:9
    Who       who is signed in
    From      10.8.0.0/24
    Timeouts  connect 5000 ms, headers 60000 ms, body 300000 ms, socket idle 600000 ms
    Id        <rt>
    Created   <time>
    Changed   <time>
    $ gatehouse why routes:use:payroll --as sam --from 192.0.2.1
    sam may not routes:use:payroll
    Refused before the chain: The address is in none of the networks this route allows.

    STEP        ANSWER   SAW                                                                                                                                                                                SAID
    before it   refused  only from 10.8.0.0/24                                                                                                                                                              The address is in none of the networks this route allows.
    principal   passed   who sam; kind account; state active                                                                                                                                                Known and active.
    credential  passed   kind password; from 192.0.2.1; covers everything                                                                                                                                   The password covers it.
    app         passed   app none acts                                                                                                                                                                      No app acts in between.
    grant       passed   grant none is acted under                                                                                                                                                          It is not done under a grant.
    policy      passed   asked routes:use:payroll; about Gateway::Route payroll; attributes host = "payroll.localhost" path = "/" rule = "signed-in"; context assurance 1; context phishingresistant false  Permitted by gateway:signed-in.

    What would change it:
      Coming from a network that the route allows.

    gateway:signed-in
    @id("gateway:signed-in")
    permit (
      principal is Gatehouse::Account,
      action == Gatehouse::Action::"routes:use",
      resource is Gateway::Route
    )
    when { resource.rule == "signed-in" };
    $ gatehouse requests ask roles:read --reason curious
    ! gatehouse: Only people ask
    !   Nothing was asked for: a request is made by an account for itself, not under a grant or through an app.
    !   (access.request-for-account, request <req>)
    => 1
    `,
    { payroll: server.origin.replace('gatehouse', 'payroll') },
  )
})
