import { rooms } from '../../src/app.ts'
import { coreConfig } from '../../src/platform/config/core.ts'
import { environmentName, type Leaf, leavesOf } from '../../src/platform/config/leaves.ts'

const intro = `# Configuration

<!-- Written by \`npm run docs\` from the schemas in src; a test fails when they differ. -->

Gatehouse runs without any. What must be known before its database is open comes from \`gatehouse.toml\` in the working
directory (or the file named by \`GATEHOUSE_CONFIG\`, which then has to exist) and from the environment, which wins.
Everything else, such as accounts, roles and routes, is kept in the database and changed through the console, the API
or the command line.

Unknown keys and unknown \`GATEHOUSE_…\` variables are faults; all faults are reported together and nothing is started.

\`\`\`toml
data = "/var/lib/gatehouse"

[listen]
https = "0.0.0.0:443"
http = "0.0.0.0:80"

[console]
host = "gate.example.org"
\`\`\`
`

const reloading = `## Changes while running

\`gatehouse reload\`, or SIGHUP where there is no terminal, reads file and environment again without dropping a connection.
Settings marked *live* below hold from then on; others that changed are named in the answer and need a restart. A
configuration with faults changes nothing and is told as at a start. What changed, certificates included, and who asked stand in
the journal (\`configuration.reload\`).

## Certificates of files

\`\`\`toml
[[listen.certificates]]
certificate = "/etc/letsencrypt/live/gate.example.org/fullchain.pem"
key = "/etc/letsencrypt/live/gate.example.org/privkey.pem"
\`\`\`

Each is served for the names it holds (\`*.example.org\` is one label), to the console's host and apps' hosts alike, before one
of the local authority is made; of several for one name the first that has not ended. At a start every fault of every
file is told at once, and nothing is started; that one has ended, or lacks its chain, is a warning. Files are looked at
every two seconds: a renewed certificate is shown from the next handshake on, open connections stay. One that cannot be
used (half written, the key of another) leaves the one before it in service; the log, the overview and \`gatehouse reload\`
say so. The overview also says when one ends within two weeks.

## Console for some networks only

\`\`\`toml
[console]
networks = ["10.0.0.0/8", "@vpn"]
\`\`\`

From everywhere else Gatehouse's own hosts (console with sign-in and API, \`localhost\`, the host of client certificates) are as
hosts that do not exist: the handshake is refused as for an unknown name, and plain HTTP does not redirect to them. Through a
trusted proxy, which Gatehouse learns to see through only after the handshake, the answer is the 421 of a host that is not
served. That holds for every page, the API, assets, \`/healthz\` and \`/readyz\`; a trusted proxy that asks after health on its own account is answered.

- Apps are not concerned, but signing in is: people outside who have no session yet are led to a console that does not
  answer them. Who should sign in to apps from everywhere needs the console from everywhere. API tokens and client
  certificates at apps work from outside.
- Machines that renew certificates by EST need the networks too. Revocation lists, OCSP and the root over plain HTTP stay open.
- A named network that does not exist holds no address.
- Locked out? On the server itself every \`gatehouse\` command works over the admin socket; or change the setting and
  \`gatehouse reload\`.
`

const proxies = `## Behind a proxy

Gatehouse takes a request's address from its connection and reads no header, until proxies in front of it are named:

\`\`\`toml
[listen]
trusted-proxies = ["10.0.3.7", "2001:db8:7::/64"]
\`\`\`

From those addresses \`X-Forwarded-For\` says where a request comes from. It is read from the right to the first address
that is no trusted proxy; what stands left of that was sent by the client and is not looked at. That address is what
networks and regions of credentials, policies, throttles and the journal see, and what apps are told. Several headers are
one list; ports and brackets are taken; \`Forwarded\` and every other header of the kind is never read.

- A request from a trusted proxy without an address that can be read is refused (400 \`platform.bad-forwarded-for\`): taking
  the proxy's own address for it would let whoever makes the proxy drop the header pass every limit the proxy passes.
  \`/healthz\` and \`/readyz\` of the console's host are answered all the same.
- Name nothing but proxies: whoever else comes from such an address can say that they come from anywhere.
- Every proxy must add the address of its own client (nginx: \`proxy_set_header X-Forwarded-For
  $proxy_add_x_forwarded_for;\`; Caddy and HAProxy with \`option forwardfor\` do so), speak TLS to Gatehouse and name the
  host that was asked for, in SNI and \`Host\`.
- The limit of connections per network does not count for trusted proxies, the one in all does.
`

/** Variables that are no settings of the server, and who reads them. */
const otherVariables: Readonly<Record<string, string>> = {
  GATEHOUSE_CONFIG: 'Path of the configuration file, instead of `gatehouse.toml` in the working directory.',
  GATEHOUSE_URL: 'Command line: the server to talk to, instead of the one signed in to last.',
  GATEHOUSE_TOKEN: 'Command line: an API token, instead of the stored one. For CI.',
  GATEHOUSE_CA_FILE:
    'Command line: PEM of the authority that the server must be of, when it was not stored by a login.',
  GATEHOUSE_REQUIRE_ALL: 'Tests: `1` makes a missing program a failure instead of a skip.',
}

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const leaves = [...leavesOf(coreConfig, []), ...rooms.flatMap(({ name, config }) => leavesOf(config, [name]))]
  const others = Object.entries(otherVariables).map(([name, text]) => `| \`${name}\` | ${text} |`)
  return `${intro}
## Settings

| key | variable | default | | meaning |
|---|---|---|---|---|
${leaves.map(rowOf).join('\n')}

Lists are comma-separated in a variable; lists of tables are JSON.

${reloading}

${proxies}
## Other variables

| variable | meaning |
|---|---|
${others.join('\n')}
`
}

function rowOf({ path, fallback, description, live }: Leaf): string {
  if (description === '') throw new TypeError(`${path.join('.')} has no description: add .describe(…) to its schema`)
  const keys = path.map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  const key = keys.length === 1 ? `\`${keys[0]}\`` : `\`[${keys.slice(0, -1).join('.')}] ${keys.at(-1)}\``
  const standard = fallback === undefined ? '–' : `\`${JSON.stringify(fallback)}\``
  return `| ${key} | \`${environmentName(path)}\` | ${standard} | ${live ? '*live*' : ''} | ${description} |`
}
