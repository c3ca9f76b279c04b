import type {
  AppLinks,
  Ctx,
  ErrorTable,
  Keyring,
  NavigationEntry,
  PendingList,
  SearchAction,
  SearchSource,
  SetupStep,
} from '#platform'

/** What the console's pages need of other rooms and of boot: slices, so that a test can bring its own. */
export interface Console {
  /** Where people reach this Gatehouse: `gatehouse.localhost`. */
  readonly host: string
  /** `https://gatehouse.localhost:8443` */
  readonly origin: () => string
  /** From the configuration; named in security.txt. */
  readonly contact: string | undefined
  readonly keyring: Keyring
  /** Whether the person may; decided by access like everything else, never remembered here. */
  readonly allowed: (ctx: Ctx, permission: string) => Promise<boolean>
  /** Whether the console's page at a path would open for the person: the question of its own door. */
  readonly opens: (ctx: Ctx, path: string) => Promise<boolean>
  readonly displayName: (ctx: Ctx) => Promise<string>
  readonly holdings: (ctx: Ctx) => Promise<Holdings>
  /** What all rooms contributed; known once every room is open. */
  readonly contributed: () => Contributed
}

export interface Holdings {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

export interface Contributed {
  readonly navigation: readonly NavigationEntry[]
  readonly search: readonly SearchSource[]
  readonly searchActions: readonly SearchAction[]
  readonly setupSteps: readonly SetupStep[]
  readonly pending: readonly PendingList[]
  readonly apps: readonly AppLinks[]
  readonly errors: ErrorTable
}

/** Before the rooms are open. */
export const nothingYet: Contributed = {
  navigation: [],
  search: [],
  searchActions: [],
  setupSteps: [],
  pending: [],
  apps: [],
  errors: {},
}

/** Of a list, what the person may see. */
export async function permitted<T extends { readonly permission: string }>(
  { allowed }: Pick<Console, 'allowed'>,
  ctx: Ctx,
  entries: readonly T[],
): Promise<readonly T[]> {
  const answers = await Promise.all(entries.map((entry) => allowed(ctx, entry.permission)))
  return entries.filter((_, index) => answers[index] === true)
}
