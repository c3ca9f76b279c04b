import { createServer } from 'node:http'
import { contentSecurityPolicy, findAsset } from '#platform/ui'

export interface PageServer {
  readonly origin: string
  close(): void
}

/** Serves ready pages and the assets on loopback, under the policy pages are served with. */
export async function servePages(pages: ReadonlyMap<string, string>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const page = pages.get(path)
    if (page !== undefined) {
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': contentSecurityPolicy }
      response.writeHead(200, headers).end(page)
      return
    }
    void findAsset(path.slice('/assets/'.length), request.headers['accept-encoding']?.toString() ?? null).then(
      (asset) =>
        asset === undefined
          ? response.writeHead(404).end()
          : response.writeHead(200, { 'Content-Type': asset.type, ...asset.headers }).end(asset.body),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    close: () => void server.close(),
  }
}
