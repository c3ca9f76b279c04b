import { type Html, tabs } from '#platform/ui'

/** The pages of one route, in the order of its tabs. Each setting has its place on exactly one of them. */
const pages = [
  { path: '', text: 'Route' },
  { path: '/rule', text: 'Rule' },
  { path: '/request', text: 'For the app' },
  { path: '/defence', text: 'Answers and limits' },
  { path: '/traffic', text: 'Traffic' },
] as const

export type RoutePage = (typeof pages)[number]['path']

/** Between a route's pages. */
export function routeTabs(name: string, current: RoutePage): Html {
  return tabs(
    `Pages of ${name}`,
    pages.map(({ path, text }) => ({ text, href: `/routes/${name}${path}`, current: path === current })),
  )
}
