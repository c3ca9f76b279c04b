import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

const password = 'correct horse battery staple'

test('accounts', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse accounts list
    No accounts.
    $ gatehouse accounts create sam --display-name "Sam Vimes"
    Created sam (<acc>).
    Password, shown this once: <password>
    $ gatehouse accounts create sam
    ! gatehouse: Handle taken
    !   This handle is or was used by an account; handles are never given twice. Nothing was changed; choose another.
    !   (identity.handle-taken, request <req>)
    => 1
    $ gatehouse accounts create ada --display-name 李 --email ada@example.org --password-stdin <<< ${password}
    Created ada (<acc>).
    $ gatehouse accounts list --search 李
    HANDLE  NAME  STATE   CREATED               ID
    ada     李    active  <time>  <acc>
    $ gatehouse accounts show ada
    Handle         ada
    Name           李
    E-mail         ada@example.org
    State          active
    Open sessions  0
    Tokens         none
    Id             <acc>
    Created        <time>
    Changed        <time>
    $ gatehouse accounts disable sam
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse accounts disable sam --yes
    Disabled sam; its sessions ended.
    $ gatehouse accounts list --state disabled
    HANDLE  NAME       STATE     CREATED               ID
    sam     Sam Vimes  disabled  <time>  <acc>
    $ gatehouse accounts enable SAM
    Enabled sam.
    $ gatehouse accounts reset-password sam --yes
    The password of sam is new; 0 sessions ended.
    Password, shown this once: <password>
    $ gatehouse accounts create moved --password-hash-stdin <<< $2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
    Created moved (<acc>).
    $ gatehouse accounts create other --password-hash-stdin <<< $1$salt$qJH7.N4xYta3aEG/dfqo/0
    ! gatehouse: The account has faults
    !   Nothing was changed. Correct the named fields and send it again.
    !   passwordHash: Send a bcrypt hash: 60 characters that begin with $2a$, $2b$ or $2y$.
    !   (identity.invalid-account, request <req>)
    => 1
    $ gatehouse accounts create other --password-hash-stdin --password-stdin <<< x
    ! gatehouse: Wrong usage
    !   Option '--password-hash-stdin' cannot be used with option '--password-stdin'. "--help" shows how it is used.
    !   (cli.usage)
    => 2
    $ gatehouse accounts show nobody
    ! gatehouse: No such account
    !   No account has the handle nobody. Nothing was changed. "gatehouse accounts list" shows them all.
    !   (cli.no-such-account)
    => 1
    $ gatehouse accounts list --limit 1
    HANDLE  NAME  STATE   CREATED               ID
    ada     李    active  <time>  <acc>

    These are the first 1; --limit shows more.
    $ gatehouse accounts list --limit none
    ! gatehouse: Wrong usage
    !   --limit takes a number from 1, not none.
    !   (cli.usage)
    => 2
    `,
  )
  const json = await server.run(['accounts', 'show', 'ada', '--json'])
  const shown = JSON.parse(json.stdout) as { readonly account: { readonly handle: string }; readonly tokens: unknown }
  assert.equal(shown.account.handle, 'ada')
  assert.deepEqual(shown.tokens, [])
})

test('roles', async (t) => {
  const server = await startServer(t)
  await server.run(['accounts', 'create', 'sam'])
  await play(
    server,
    `
    $ gatehouse roles create readers --permission accounts:read --permission audit:read --description "Looks, and changes nothing"
    Created readers. It allows: accounts:read audit:read
    $ gatehouse roles create readers --permission accounts:read
    ! gatehouse: Name taken
    !   Nothing was created: the name readers is or was in use. Names are never given twice, so that no old rule comes to mean something new. Choose another.
    !   (access.name-taken, request <req>)
    => 1
    $ gatehouse roles create Readers --permission accounts:read
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   name: lower-case letters, digits and single hyphens, beginning with a letter
    !   (cli.usage)
    => 2
    $ gatehouse roles create empty
    ! gatehouse: Wrong usage
    !   Required option '--permission <permission>' not specified. "--help" shows how it is used.
    !   (cli.usage)
    => 2
    $ gatehouse roles grant readers sam
    sam holds readers now.
    $ gatehouse roles show readers
    Name         readers
    Title        readers
    What for     Looks, and changes nothing
    Rank         none
    Permissions  accounts:read audit:read
    Holders      sam
    Id           <rol>
    Created      <time>
    Changed      <time>
    $ gatehouse roles update readers --rank 100 --title Readers
    Changed readers. Rank: 100. It allows: accounts:read audit:read
    $ gatehouse roles update readers --permission audit:read --yes
    Changed readers. Rank: 100. It allows: audit:read
    $ gatehouse roles update readers
    ! gatehouse: Wrong usage
    !   Nothing to change was named.
    !   (cli.usage)
    => 2
    $ gatehouse roles update readers --rank 1001
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   rank: at most 1000
    !   (cli.usage)
    => 2
    $ gatehouse roles revoke readers sam --yes
    sam no longer holds readers.
    $ gatehouse roles create passing --permission audit:read
    Created passing. It allows: audit:read
    $ gatehouse roles delete passing --yes
    Deleted passing.
    $ gatehouse roles grant readers
    ! gatehouse: Wrong usage
    !   Name either an account or --group.
    !   (cli.usage)
    => 2
    $ gatehouse roles grant readers --group nobody
    ! gatehouse: No such group
    !   There is no group nobody. Nothing was changed.
    !   (access.group-unknown, request <req>)
    => 1
    $ gatehouse roles grant nothing sam
    ! gatehouse: No such role
    !   There is no role nothing. Nothing was changed.
    !   (access.role-unknown, request <req>)
    => 1
    `,
  )
  const list = JSON.parse((await server.run(['roles', 'list', '--json'])).stdout) as {
    readonly items: readonly { readonly name: string }[]
  }
  assert.ok(list.items.some(({ name }) => name === 'readers'))
})

test('tokens', async (t) => {
  const server = await startServer(t)
  await server.run(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], { stdin: password })
  const login = ['login', server.origin, '--handle', 'ada', '--password-stdin', '--ca-fingerprint', server.fingerprint]
  assert.equal((await server.run(login, { stdin: password })).code, 0)
  const env = { GATEHOUSE_URL: server.origin }
  await play(
    server,
    `
    $ gatehouse tokens create backup --permission audit:read --expires-in 12h --network 10.0.0.0/8
    ! gatehouse: Is this meant?
    !   You come from 127.0.0.1 now, and from there it could not be used. Nothing was made; if it is meant, add --yes.
    !   confirmed/address-shut-out: You come from 127.0.0.1 now, and from there it could not be used.
    !   (identity.limits-to-confirm, request <req>)
    => 1
    $ gatehouse tokens create backup --permission audit:read --expires-in 12h --network 10.0.0.0/8 --yes
    <token>
    ! Created backup (<crd>); it ends: <time>. This is shown once:
    $ gatehouse tokens create backup --permission audit:read --expires-in soon
    ! gatehouse: Wrong usage
    !   Not a duration: soon. Write 12h, 90d or never.
    !   (cli.usage)
    => 2
    $ gatehouse tokens create backup --permission nonsense --expires-in 12h
    ! gatehouse: The token has faults
    !   Nothing was made. Correct the named fields and send it again.
    !   permissions: Not a permission: nonsense
    !   (identity.invalid-token-limits, request <req>)
    => 1
    $ gatehouse tokens revoke crd_00000000000000000000000000000000 --yes
    ! gatehouse: No such token
    !   There is no usable token with this id. Nothing was changed.
    !   (identity.no-such-token, request <req>)
    => 1
    `,
    {},
    env,
  )
  const list = JSON.parse((await server.run(['tokens', 'list', '--json'], { env })).stdout) as {
    readonly items: readonly { readonly id: string; readonly label: string }[]
  }
  const made = list.items.find(({ label }) => label === 'backup')
  const reset = await server.run(['tokens', 'reset', made?.id ?? '', '--yes'], { env })
  assert.match(reset.stdout, /^gat_/, reset.stderr)
  assert.match(reset.stderr, /Another secret for backup/)
  assert.equal((await server.run(['tokens', 'revoke', made?.id ?? '', '--yes'], { env })).code, 0)
  const left = await server.run(['tokens', 'list', '--account', 'ada'])
  assert.doesNotMatch(left.stdout, /backup/)
  const noYes = await server.run(['tokens', 'revoke-all', '--account', 'ada'])
  assert.equal(noYes.code, 2, noYes.stdout)
  const all = await server.run(['tokens', 'revoke-all', '--account', 'ada', '--yes'])
  assert.match(all.stdout, /^Revoked 1 token\.$/m)
  assert.match((await server.run(['tokens', 'list'], { env })).stderr, /identity\.token-refused/)
  const local = await server.run(['tokens', 'list'])
  assert.equal(local.code, 1)
  assert.match(local.stderr, /On the admin socket you act as the machine's owner[\s\S]*identity\.needs-account/)
})

test('the journal', async (t) => {
  const server = await startServer(t)
  await server.run(['accounts', 'create', 'sam', '--display-name', 'Sam'])
  await server.run(['accounts', 'create', 'zoe', '--display-name', 'Zoë'])
  await play(
    server,
    `
    $ gatehouse audit list --action accounts. --limit 1
    WHEN                  WHO    WHAT             TO WHAT
    <time>  local  accounts.create  account zoe

    These are the first 1; --limit shows more.
    $ gatehouse audit list --outcome maybe
    ! gatehouse: Wrong usage
    !   --outcome takes done or refused.
    !   (cli.usage)
    => 2
    $ gatehouse audit list --since yesterday
    ! gatehouse: Wrong usage
    !   Not a time: yesterday. Write 24h, 7d, or <time>.
    !   (cli.usage)
    => 2
    $ gatehouse audit list --actor sam
    Nothing of this kind in the journal.
    $ gatehouse audit uses --actor sam
    Nobody used anything of this kind.
    $ gatehouse audit uses --actor nobody
    ! gatehouse: No such account
    !   No account has the handle nobody. Nothing was changed. "gatehouse accounts list" shows them all.
    !   (cli.no-such-account)
    => 1
    $ gatehouse audit verify --contains 1:00
    ! gatehouse: Wrong usage
    !   --contains takes a head as verify prints it: SEQ:HASH with 64 hex digits.
    !   (cli.usage)
    => 2
    `,
  )
  const verified = await server.run(['audit', 'verify'])
  assert.equal(verified.code, 0, verified.stderr)
  const head = /^Head {2}(\d+:[0-9a-f]{64})$/m.exec(verified.stdout)?.[1] ?? ''
  await server.run(['accounts', 'disable', 'sam', '--yes'])
  assert.equal((await server.run(['audit', 'verify', '--contains', head])).code, 0)
  const rebuilt = await server.run(['audit', 'verify', '--contains', head.replace(/:.*/, `:${'0'.repeat(64)}`)])
  assert.equal(rebuilt.code, 1)
  assert.match(rebuilt.stderr, /its hash is not the one noted earlier[\s\S]*cli\.journal-altered/)
  const cut = await server.run(['audit', 'verify', '--contains', `999999:${'0'.repeat(64)}`])
  assert.match(cut.stderr, /The journal was altered at record 999999[\s\S]*the chain ends at/)
})

test('wrong usage', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse acounts
    ! gatehouse: Wrong usage
    !   Unknown command 'acounts'. Did you mean accounts? "--help" shows how it is used.
    !   (cli.usage)
    => 2
    $ gatehouse accounts list --jsn
    ! gatehouse: Wrong usage
    !   Unknown option '--jsn'. Did you mean --json? "--help" shows how it is used.
    !   (cli.usage)
    => 2
    $ gatehouse accounts list extra --json
    ! {
    !   "error": {
    !     "code": "cli.usage",
    !     "title": "Wrong usage",
    !     "detail": "Too many arguments for 'list'. Expected 0 arguments but got 1: extra. \\"--help\\" shows how it is used."
    !   }
    ! }
    => 2
    `,
  )
  const group = await server.run(['accounts'])
  assert.equal(group.code, 2)
  assert.match(group.stderr, /Commands:[\s\S]*reset-password/)
  assert.equal(group.stdout, '')
  const help = await server.run(['help', 'login'])
  assert.equal(help.code, 0)
  assert.match(help.stdout, /--ca-fingerprint[\s\S]*Example:/)
})

test('groups', async (t) => {
  const server = await startServer(t)
  await server.run(['accounts', 'create', 'sam'])
  await server.run(['roles', 'create', 'readers', '--permission', 'audit:read'])
  await play(
    server,
    `
    $ gatehouse groups list
    No groups.
    $ gatehouse groups create operators --title Operators --description "Keeps it running"
    Created operators. Add people with "gatehouse groups add operators <account>".
    $ gatehouse groups create interns
    Created interns. Add people with "gatehouse groups add interns <account>".
    $ gatehouse groups add interns sam
    sam belongs to interns now.
    $ gatehouse groups add operators --group interns
    Group interns belongs to operators now.
    $ gatehouse groups add interns --group operators
    ! gatehouse: Groups in a circle
    !   Nothing was changed: operators already contains interns, so each would be inside the other.
    !   (access.group-circle, request <req>)
    => 1
    $ gatehouse groups add operators
    ! gatehouse: Wrong usage
    !   Name either an account or --group.
    !   (cli.usage)
    => 2
    $ gatehouse roles grant readers --group operators
    Group operators holds readers now.
    $ gatehouse groups list --search OPER
    NAME       TITLE      MEMBERS  ROLES
    operators  Operators  1        readers
    $ gatehouse groups list --search %
    No groups.
    $ gatehouse groups show operators
    Name      operators
    Title     Operators
    What for  Keeps it running
    Members   group interns
    Id        <grp>
    Created   <time>
    Changed   <time>
    $ gatehouse groups change operators --title "On call"
    Changed operators.
    $ gatehouse groups change operators
    ! gatehouse: Wrong usage
    !   Say what changes: --title or --description.
    !   (cli.usage)
    => 2
    $ gatehouse groups remove operators --group interns --yes
    Group interns no longer belongs to operators.
    $ gatehouse groups delete operators
    ! gatehouse: Wrong usage
    !   There is no terminal to ask on: use --yes.
    !   (cli.usage)
    => 2
    $ gatehouse groups delete operators --yes
    Deleted operators.
    $ gatehouse groups show operators
    ! gatehouse: No such group
    !   There is no group operators. Nothing was changed.
    !   (access.group-unknown, request <req>)
    => 1
    `,
  )
  const json = await server.run(['groups', 'show', 'interns', '--json'])
  const shown = JSON.parse(json.stdout) as { readonly members: readonly { readonly name: string }[] }
  assert.deepEqual(
    shown.members.map(({ name }) => name),
    ['sam'],
  )
})

test('networks', async (t) => {
  const server = await startServer(t)
  await play(
    server,
    `
    $ gatehouse networks list
    No named networks.
    $ gatehouse networks create vpn --title VPN --cidr 10.8.0.0/24 --cidr 2001:DB8::/32
    Created vpn. Write @vpn where networks are listed.
    $ gatehouse networks create vpn2 --cidr everywhere
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   cidrs.0: everywhere is not a network; write 192.0.2.0/24 or 2001:db8::/32
    !   (cli.usage)
    => 2
    $ gatehouse networks list
    NAME  TITLE  ADDRESSES
    @vpn  VPN    10.8.0.0/24 2001:db8::/32
    $ gatehouse networks change vpn --add 192.0.2.7
    Changed vpn. It holds: 10.8.0.0/24 2001:db8::/32 192.0.2.7/32
    $ gatehouse networks change vpn --remove 10.9.0.0/16 --yes
    ! gatehouse: Wrong usage
    !   10.9.0.0/16 is no entry of vpn. It has: 10.8.0.0/24 2001:db8::/32 192.0.2.7/32. Nothing was changed.
    !   (cli.usage)
    => 2
    $ gatehouse networks change vpn --remove 10.8.0.0/24 --remove 192.0.2.7 --yes
    Changed vpn. It holds: 2001:db8::/32
    $ gatehouse networks change vpn --remove 2001:db8::/32 --yes
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   cidrs: name at least one network
    !   (cli.usage)
    => 2
    $ gatehouse networks show vpn
    Name       vpn
    Written    @vpn
    Title      VPN
    Addresses  2001:db8::/32
    Id         <net>
    Created    <time>
    Changed    <time>
    $ gatehouse policies save vpn-only -f - --yes <<< forbid (principal, action, resource) unless { context.networks.contains("vpn") };
    Saved vpn-only. It is in force.
    $ gatehouse networks delete vpn --yes
    ! gatehouse: Named by policies in force
    !   Nothing was deleted: the network vpn is named by policies in force (vpn-only). They would stay in force and mean something else: nobody is in a deleted group or holds a deleted role, no address lies in a deleted network. Change the policies first, or delete it knowingly (force).
    !   (access.named-by-policies, request <req>)
    => 1
    $ gatehouse policies delete vpn-only --reason "the VPN is gone" --yes
    Deleted vpn-only.
    $ gatehouse networks delete vpn --force --yes
    Deleted vpn.
    $ gatehouse networks create vpn --cidr 10.8.0.0/24
    ! gatehouse: Name taken
    !   Nothing was created: the name vpn is or was in use. Names are never given twice, so that no old rule comes to mean something new. Choose another.
    !   (access.name-taken, request <req>)
    => 1
    `,
  )
})
