import type { Announcement, EventDeclaration } from '#platform'

/** The body of a message. Of the detail only what the event's declaration names; `undefined`: it has another shape. */
export function bodyOf(announcement: Announcement, declaration: EventDeclaration): string | undefined {
  const { id, event, at, sequence, actor, target, detail, requestId } = announcement
  const told = declaration.detail?.safeParse(detail ?? {})
  if (told?.success === false) return undefined
  const data = {
    actor,
    ...(target === undefined ? {} : { target }),
    ...(told === undefined || detail === undefined ? {} : { detail: told.data }),
    requestId,
  }
  return JSON.stringify({ id, type: event, timestamp: new Date(at).toISOString(), sequence, data })
}

/** The body without a detail, for one whose detail cannot be told. */
export function bareBody(announcement: Announcement): string {
  const { id, event, at, sequence, actor, target, requestId } = announcement
  const data = { actor, ...(target === undefined ? {} : { target }), requestId }
  return JSON.stringify({ id, type: event, timestamp: new Date(at).toISOString(), sequence, data })
}

/** What a kept body says of its target. */
export function targetOf(body: string): Announcement['target'] {
  return (JSON.parse(body) as { readonly data: { readonly target?: Announcement['target'] } }).data.target
}
