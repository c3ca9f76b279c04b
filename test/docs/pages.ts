import { cliPage } from './cli.ts'
import { configurationPage } from './configuration.ts'
import { dependenciesPage } from './dependencies.ts'
import { errorsPage } from './errors.ts'
import { eventsPage } from './events.ts'
import { metricsPage } from './metrics.ts'

/** The pages under docs that are made from the sources, and how. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/cli.md': cliPage,
  'docs/errors.md': errorsPage,
  'docs/events.md': eventsPage,
  'docs/metrics.md': metricsPage,
  'docs/configuration.md': configurationPage,
  'docs/dependencies.md': dependenciesPage,
}
