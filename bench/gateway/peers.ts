import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, type Program, start } from '../machine/programs.ts'

const run = promisify(execFile)

interface ClientFiles {
  readonly chainFile: string
  readonly keyFile: string
}

/** The programs measured beside Gatehouse, started in one folder and ended together. */
export class Peers {
  readonly #directory: string
  readonly #programs: Program[] = []
  readonly #host: string

  constructor(directory: string, host: string) {
    this.#directory = directory
    this.#host = host
  }

  async begin(...args: Parameters<typeof start>): Promise<Program> {
    const program = await start(...args)
    this.#programs.push(program)
    return program
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()))
  }

  async certificate(): Promise<{ readonly certFile: string; readonly keyFile: string }> {
    const certFile = join(this.#directory, 'cert.pem')
    const keyFile = join(this.#directory, 'key.pem')
    await run('openssl', [
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout'.split(' '),
      keyFile,
      ...`-out ${certFile} -subj /CN=${this.#host} -addext subjectAltName=DNS:${this.#host}`.split(' '),
    ])
    return { certFile, keyFile }
  }

  /** One KiB, as fast as anything gives it. @returns its origin */
  async upstream(): Promise<string> {
    const port = await freePort()
    const answer = `default_type text/plain; return 200 "${'x'.repeat(1024)}";`
    await this.#nginx('upstream', port, `server { listen 127.0.0.1:${port}; location / { ${answer} } }`)
    return `http://127.0.0.1:${port}`
  }

  async caddy(upstream: string, certFile: string, keyFile: string): Promise<{ program: Program; port: number }> {
    const port = await freePort()
    const file = join(this.#directory, 'Caddyfile')
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
  skip_install_trust
}
https://${this.#host}:${port} {
  tls ${certFile} ${keyFile}
  reverse_proxy ${upstream}
}
`,
    )
    const directory = this.#directory
    const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
    const args = ['run', '--config', file, '--adapter', 'caddyfile']
    return { program: await this.begin('caddy', args, { env, ready: () => isOpen(port) }), port }
  }

  /** A plain reverse proxy over TLS, with kept connections to the app. */
  async nginxProxy(upstream: string, certFile: string, keyFile: string): Promise<{ program: Program; port: number }> {
    const port = await freePort()
    const server = `upstream app { server ${upstream.slice('http://'.length)}; keepalive 256; }
  server {
    listen 127.0.0.1:${port} ssl; server_name ${this.#host};
    ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`
    return { program: await this.#nginx('proxy', port, server), port }
  }

  /** Writes down what a client shows. */
  clientCertificate({ chain, key }: { readonly chain: string; readonly key: string }): ClientFiles {
    const files = { chainFile: join(this.#directory, 'client.pem'), keyFile: join(this.#directory, 'client-key.pem') }
    writeFileSync(files.chainFile, chain)
    writeFileSync(files.keyFile, key, { mode: 0o600 })
    return files
  }

  /** Carries plain requests to a TLS server and shows it a client certificate; on kept connections, or each on a new one. */
  async nginxShowing(
    name: string,
    to: { readonly host: string; readonly port: number },
    { chainFile, keyFile }: ClientFiles,
    kept: boolean,
  ): Promise<{ program: Program; port: number }> {
    return this.nginx(
      name,
      (port) => `upstream gate { server 127.0.0.1:${to.port}; ${kept ? 'keepalive 64;' : ''} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass https://gate; proxy_http_version 1.1; proxy_set_header Host ${to.host}:${to.port};
      proxy_set_header Connection "${kept ? '' : 'close'}"; proxy_ssl_session_reuse off; proxy_ssl_protocols TLSv1.3;
      proxy_ssl_server_name on; proxy_ssl_name ${to.host};
      proxy_ssl_certificate ${chainFile}; proxy_ssl_certificate_key ${keyFile};
    }
  }`,
    )
  }

  /** Waits for plain HTTP on the port that `servers` listens on. @param servers what stands in nginx's `http` */
  async nginx(name: string, servers: (port: number) => string): Promise<{ program: Program; port: number }> {
    const port = await freePort()
    return { program: await this.#nginx(name, port, servers(port)), port }
  }

  #nginx(name: string, port: number, server: string): Promise<Program> {
    const directory = this.#directory
    const file = join(directory, `${name}.conf`)
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${directory}/${name}-${kind};`,
    )
    // one process, as Gatehouse and its other peers are: no master, so that its processor time is all there is
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${directory}/${name}.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; ${paths.join(' ')}
  ${server}
}
`,
    )
    return this.begin('nginx', ['-c', file, '-p', directory], { ready: () => isOpen(port) })
  }
}

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
