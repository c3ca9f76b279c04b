import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryLog, startServer } from '#platform/testing'
import { rooms } from '../../src/app.ts'

const intro = `# Health, metrics and logs

<!-- Written by \`npm run docs\`: the table is what a server answers; a test fails when they differ. -->

## Health

| address | answers |
|---|---|
| \`/healthz\` | \`200\` as long as the process answers at all |
| \`/readyz\` | \`200\` when requests would be served: started, the database reached; \`503\` otherwise |

Both ask for no credential, on the console's host and on \`localhost\` (from where \`[console] networks\` lets in) and on the
admin socket. A balancer in front asks \`/readyz\`.

\`\`\`sh
curl --unix-socket data/admin.sock http://localhost/readyz
\`\`\`

## Metrics

\`/metrics\` speaks the Prometheus text format and needs the permission \`metrics:read\`. On the server's own machine:

<!-- local: run by a test -->
\`\`\`sh
curl --unix-socket data/admin.sock http://localhost/metrics
\`\`\`

Prometheus gets an API token that can do nothing else, and the certificate authority:

<!-- token: run by a test -->
\`\`\`sh
gatehouse tokens create prometheus --permission metrics:read --expires-in 365d > metrics-token
gatehouse ca --pem > gatehouse-ca.crt
\`\`\`

\`\`\`yaml
scrape_configs:
  - job_name: gatehouse
    scheme: https
    authorization: { credentials_file: metrics-token }
    tls_config: { ca_file: gatehouse-ca.crt, server_name: gatehouse.localhost }
    static_configs: [{ targets: ['gatehouse.localhost:8443'] }]
\`\`\`

Numbers are those of the node that is asked, of all its threads together; where several share a database, what they share
(\`gatehouse_certificates\`, \`gatehouse_webhook_deliveries\`) is the same on each. No label is what a visitor chose. Beside these
stand the process's own, \`process_…\` and \`nodejs_…\`.

`

const outro = `
Worth an alarm: \`/readyz\` that is not \`200\`; a certificate of files that ends within days
(\`gatehouse_listener_certificate_not_after_seconds - time()\`); lists that are late (\`gatehouse_revocation_lists_late\`); events
that were given up (\`gatehouse_dead_events\`); renewals that failed. And, from another machine, that
\`gatehouse audit verify --contains HEAD\` ends with 0 for a head it printed before.

## Logs

One JSON object a line on standard error, with \`level\`, \`time\` and \`message\`; \`[log] level\` says from which severity on,
\`[log] access\` adds a line for each request to an app. An answer's \`X-Request-Id\` (a problem's \`requestId\`) stands in the
lines about it. Secrets never do.
`

/** The text of docs/metrics.md, from a server that is started for it. */
export async function metricsPage(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-metrics-'))
  const ports = { GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0', GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0' }
  try {
    const environment = { GATEHOUSE_DATA: data, ...ports }
    const server = await startServer({ rooms, environment, log: memoryLog() })
    try {
      return `${intro}${tableOf(await scrape(join(data, 'admin.sock')))}${outro}`
    } finally {
      await server.stop({ graceMs: 0 })
    }
  } finally {
    rmSync(data, { recursive: true })
  }
}

function tableOf(told: string): string {
  const kinds = new Map([...told.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]))
  const rows = [...told.matchAll(/^# HELP (gatehouse_\w+) (.+)$/gm)].map(
    ([, name, help]) => `| \`${name}\` | ${kinds.get(name)} | ${help?.replace(/\.$/, '')} |\n`,
  )
  if (rows.length === 0) throw new Error(`the server told no metrics:\n${told}`)
  return `| metric | kind | what |\n|---|---|---|\n${rows.toSorted().join('')}`
}

function scrape(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject).end()
  })
}
