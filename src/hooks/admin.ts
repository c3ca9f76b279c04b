import type { Ctx, Kernel } from '#platform'
import type { TestView } from './contract.ts'
import type { EndpointDeps } from './endpoints.ts'
import type { FanOutDeps } from './fan-out.ts'

/** What the API and the pages work with. */
export interface AdminDeps extends EndpointDeps {
  readonly kernel: Pick<Kernel, 'keyring'>
  /** Known once every room is open. */
  readonly fanOut: () => FanOutDeps
  readonly probe: (ctx: Ctx, name: string) => Promise<TestView>
  readonly wake: () => void
}
