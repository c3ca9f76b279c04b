import type { SearchSource } from '#platform'
import { listCertificates } from './store.ts'

/** Hosts with a certificate, by host or serial number. A host is one find, however often it was renewed. */
export const certificateSearch: SearchSource = {
  title: 'Certificates',
  order: 60,
  find: async (ctx, text, limit) => {
    const hosts = new Map((await listCertificates(ctx.db, undefined, limit, text)).map((row) => [row.host, row.serial]))
    return [...hosts].map(([host, serial]) => ({
      title: host,
      note: serial,
      href: `/certificates?${new URLSearchParams({ q: host })}`,
    }))
  },
}
