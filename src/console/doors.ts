/** Who may come in where, for the console's own pages; what stands behind is loaded with the first request let in. */
import { doors } from '#platform'

export const overviewDoors = doors('browser', {
  'GET /': { access: { signedIn: 'shows a person their own standing; every part of it is asked for separately' } },
})

const searching = {
  signedIn: 'searches for whoever asks; of everything found it shows what they could open, each asked for by itself',
}

export const searchDoors = {
  ...doors('browser', { 'GET /search': { access: searching } }),
  ...doors('api', {
    'GET /api/v1/search': {
      access: searching,
      summary: 'Things by name, as far as the caller may see them: the best of every kind',
    },
  }),
}

const reading = { permission: 'audit:read' }

export const journalDoors = doors('browser', {
  'GET /journal': { access: reading },
  'GET /journal/events': { access: reading },
  'GET /journal/verify': { access: reading },
  'POST /journal/verify': { access: reading },
  'GET /journal/{id}': { access: reading },
})
