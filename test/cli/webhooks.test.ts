import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

test('webhooks', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse webhooks list
    No webhooks yet. Tell a program elsewhere what changes here:
      gatehouse webhooks create siem --to https://siem.example.org/hook
    $ gatehouse webhooks create siem --to http://siem.example.org/hook
    ! gatehouse: This address is not encrypted
    !   Webhooks go to https: addresses. Nothing was changed. Plain http: needs the host siem.example.org in allow-http under [hooks] of gatehouse.toml.
    !   url: not https:
    !   (hooks.http-refused, request <req>)
    => 1
    $ gatehouse webhooks create siem --to https://127.0.0.1:9/hook --event grants.*
    Made.

    Name           siem
    Address        https://127.0.0.1:9/hook
    Events         grants.*
    State          on
    Acts as        local
    Waiting        0
    Last accepted  never
    Id             <whk>
    Created        <time>
    Changed        <time>

    The secret, shown this once:
      <secret>
    $ gatehouse webhooks test siem
    ! gatehouse: The message to siem was not accepted
    !   The address is not a public one, and no setting permits it. Nothing was sent.
    !   (cli.not-accepted)
    => 1
    $ gatehouse webhooks update siem --event grants.create --event roles.*
    Changed.

    Name           siem
    Address        https://127.0.0.1:9/hook
    Events         grants.create, roles.*
    State          on
    Acts as        local
    Waiting        0
    Last accepted  never
    Id             <whk>
    Created        <time>
    Changed        <time>
    $ gatehouse webhooks pause siem
    Paused.

    Name           siem
    Address        https://127.0.0.1:9/hook
    Events         grants.create, roles.*
    State          paused
    Why            Somebody paused it.
    Acts as        local
    Waiting        0
    Last accepted  never
    Id             <whk>
    Created        <time>
    Changed        <time>
    $ gatehouse webhooks list
    NAME  STATE   HOST         EVENTS                  WAITING  LAST ACCEPTED
    siem  paused  127.0.0.1:9  grants.create, roles.*  0        never
    $ gatehouse webhooks deliveries siem
    No deliveries. Events appear here when they happen; a test tells whether the address works:
      gatehouse webhooks test siem
    $ gatehouse webhooks replay siem
    ! gatehouse: Wrong usage
    !   Name one of --delivery and --since.
    !   (cli.usage)
    => 2
    $ gatehouse webhooks replay siem --since 1h
    Queued 0 events.
    $ gatehouse webhooks rotate-secret siem --yes
    The secret, shown this once:
      <secret>
    $ gatehouse webhooks delete siem
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse webhooks delete siem --yes
    Deleted siem.
    $ gatehouse dead-events list
    No event was given up.
    `,
  )
})
