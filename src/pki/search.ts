import type { SearchSource } from '#platform'
import { listHolders } from './holders/holders-store.ts'
import { listCertificates } from './issue/certificate-list-store.ts'
import { titleOf } from './issue/certificate-store.ts'
import { titleOf as holderTitle, pathOf } from './views/holders.ts'

/** Certificates by name, subject, serial number or label. A name is one find, however often it was renewed. */
export const certificateSearch: SearchSource = {
  title: 'Certificates',
  order: 60,
  find: async (ctx, text, limit) => {
    const found = await listCertificates(ctx.db, { text }, undefined, limit, ctx.now)
    const names = new Map(found.map((record) => [titleOf(record), record.serial]))
    return [...names].map(([title, serial]) => ({
      title,
      note: serial,
      href: `/certificates?${new URLSearchParams({ q: title })}`,
    }))
  },
}

/** Devices and services by name or title. */
export const holderSearch: SearchSource = {
  title: 'Devices and services',
  order: 61,
  find: async (ctx, text, limit) => {
    const found = await listHolders(ctx.db, { text }, undefined, limit)
    return found.map((holder) => ({
      title: holderTitle(holder),
      note: `${holder.kind} ${holder.name}`,
      href: pathOf(holder.id),
    }))
  },
}
