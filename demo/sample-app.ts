import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small web app of the kind people already run: it knows nothing of sign-in and believes what it is told. */
export interface SampleApp {
  /** `http://127.0.0.1:41234` */
  readonly url: string
  stop(): void
}

/** Serves one page at every path: who the gate says is there, and every header that came along. */
export async function startSampleApp(): Promise<SampleApp> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy })
    response.end(page(request.headers, `${request.method} ${request.url}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
  h1 { font-weight: 600 }
  table { border-collapse: collapse; width: 100% }
  th, td { padding: .35rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid #8884 }
  th { font-weight: 500; white-space: nowrap }
  td { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .875rem }
  .gate th { border-left: 3px solid #2a7d6f }
`

function page(headers: IncomingHttpHeaders, request: string): string {
  const told = (name: string): string => decoded(String(headers[name] ?? ''))
  const host = told('x-forwarded-host').split('.')[0] ?? ''
  const name = host === '' ? 'Sample app' : host.charAt(0).toUpperCase() + host.slice(1)
  const who = told('remote-user') === '' ? 'somebody' : told('remote-name')
  const groups = told('remote-groups')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(name)}</title><style>${style}</style>
<h1>${escaped(name)}</h1>
<p>Welcome, ${escaped(who)}.${groups === '' ? '' : ` Your groups: ${escaped(groups)}.`}
This app has no sign-in of its own: all it knows of you is what Gatehouse told it with this request.</p>
<h2>What it received</h2>
<table><tr><th>Request</th><td>${escaped(request)}</td></tr>${rows(headers)}</table>
<h2>The assertion, decoded</h2>
<p>A careful app verifies its signature with the keys at <code>/.well-known/gatehouse/jwks.json</code> on the console.</p>
<table>${rows(claims(told('x-gatehouse-assertion')))}</table>
<form method="post" action="/.gatehouse/sign-out"><button>Leave this app</button></form></html>`
}

function rows(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      const mark = /^(?:remote-|x-gatehouse-)/.test(name) ? ' class="gate"' : ''
      return `<tr${mark}><th>${escaped(name)}</th><td>${escaped(typeof value === 'string' ? value : JSON.stringify(value))}</td></tr>`
    })
    .join('')
}

function claims(assertion: string): Readonly<Record<string, unknown>> {
  const payload = assertion.split('.')[1]
  if (payload === undefined) return {}
  try {
    return Object(JSON.parse(Buffer.from(payload, 'base64url').toString())) as Record<string, unknown>
  } catch {
    // from somebody who came past the gate, to its own port
    return {}
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`)
}
