/** The API of this room: what goes over the wire, shared by server and CLI. */
import { z } from 'zod'

export const searchQuery = z.strictObject({
  q: z.string().min(1).max(1024).describe('What its name, handle, host or id contains; the first 80 characters count.'),
})
export const searchResults = z.object({
  items: z.array(
    z.object({
      kind: z.string().describe('What it is, in the plural: `People`.'),
      title: z.string(),
      note: z.string().nullable().describe('What tells it from others of the name.'),
      href: z.string().describe('The path of its page in the console.'),
    }),
  ),
  next: z.null(),
})
