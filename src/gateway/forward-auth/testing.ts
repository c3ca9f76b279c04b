import { connect } from 'node:net'

export interface WireAnswer {
  readonly status: number
  /** Names in lower case; several values joined by a line break. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends the very bytes of a proxy's question, so that no client library tidies them, and reads the one answer. */
export function askWire(port: number, bytes: string): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parsed(text)))
    socket.write(bytes)
  })
}

function parsed(text: string): WireAnswer {
  const split = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, split).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`
  }
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, body: text.slice(split + 4) }
}

/** `GET /forward-auth/…` with these header lines; `Connection: close` ends it. */
export function question(target: string, lines: readonly string[], method = 'GET', host = 'gatehouse'): string {
  return [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines, '', ''].join('\r\n')
}
