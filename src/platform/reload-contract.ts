import { z } from 'zod'

/** What `POST /api/v1/configuration/reload` answers. */
export const reloadReport = z.strictObject({
  applied: z.array(z.string()).describe('Settings that changed and hold from now on'),
  needRestart: z.array(z.string()).describe('Settings that changed and hold from the next start on'),
  certificates: z.array(
    z.strictObject({
      certificate: z.string().describe('Path'),
      key: z.string().describe('Path'),
      state: z
        .enum(['loaded', 'unchanged', 'kept', 'refused'])
        .describe('`kept`: the files have faults, and what was read before is served on; `refused`: nothing is served'),
      faults: z.array(z.string()),
      warnings: z.array(z.string()),
      names: z.array(z.string()),
      fingerprint: z.string().nullable(),
      notAfter: z.iso.datetime().nullable(),
    }),
  ),
})

export type ReloadReportJson = z.infer<typeof reloadReport>
