import type { Ctx, NavigationEntry, Shell, ShellPage } from '#platform'
import { bareDocument } from '#platform/ui'
import { type Console, permitted } from './console.ts'
import { frame, type Who } from './views/frame.ts'

/**
 * Draws the document around every page: for somebody signed in with the rooms they may see, for strangers and bare
 * pages without. When what is allowed cannot be asked (the database is away), the page comes without rooms: an error
 * page must get out, and showing less is never wrong.
 */
export function shell(console: Console): Shell {
  return async (page, ctx) => {
    if (page.frame === 'bare' || ctx.actor.principal.kind === 'anonymous') return bare(page)
    const drawn = await surroundings(console, ctx).catch(() => undefined)
    if (drawn === undefined) return bare(page)
    const { title, body, section, scripts } = page
    return frame({ ...drawn, host: console.host, title, body, section, scripts }).toString()
  }
}

function bare({ title, body, scripts }: ShellPage): string {
  return bareDocument({ title, body, scripts }).toString()
}

interface Surroundings {
  readonly rooms: readonly NavigationEntry[]
  readonly who: Who
}

async function surroundings(console: Console, ctx: Ctx): Promise<Surroundings> {
  const [rooms, name] = await Promise.all([
    permitted(console, ctx, console.contributed().navigation),
    console.displayName(ctx),
  ])
  const { credential, address } = ctx.actor
  return { rooms, who: { name, credential: credential?.kind, address } }
}
