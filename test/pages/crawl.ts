import type { Page } from 'playwright-core'

/** A page on the way through the product. */
export interface Stop {
  readonly path: string
  /** The path with ids replaced, so that one of a kind is visited: `/accounts/{id}`. */
  readonly kind: string
}

/**
 * Follows every link from `starts` on, staying on the console's host, one page of each kind. Only GETs: nothing is
 * changed. `visit` is called with the page loaded.
 */
export async function crawl(
  page: Page,
  origin: string,
  starts: readonly string[],
  visit: (stop: Stop) => Promise<void>,
): Promise<readonly Stop[]> {
  const seen = new Map<string, Stop>()
  const queue = starts.map(stopOf)
  for (let stop = queue.shift(); stop !== undefined; stop = queue.shift()) {
    if (seen.has(stop.kind)) continue
    seen.set(stop.kind, stop)
    await page.goto(origin + stop.path)
    await visit(stop)
    const links = (await page.evaluate('Array.from(document.links, (link) => link.href)')) as string[]
    for (const link of links) {
      if (!link.startsWith(`${origin}/`)) continue
      const { pathname, search } = new URL(link)
      if (!/\.\w+$/.test(pathname)) queue.push(stopOf(pathname + search))
    }
  }
  return [...seen.values()]
}

function stopOf(path: string): Stop {
  const kind = path
    .replace(/\?.*/, '')
    .replaceAll(/\/[a-z]{2,3}_[0-9a-f]{32}(?=\/|$)/g, '/{id}')
    .replace(/^\/errors\/.+/, '/errors/{code}')
  return { path, kind }
}
