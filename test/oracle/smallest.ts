import type { Policy, Question, World } from './world.ts'

interface Case {
  readonly policies: readonly Policy[]
  readonly world: World
  readonly question: Question
  readonly now: number
}

/** Leaves away whatever the difference does not need, one thing at a time, until nothing more can go. */
export async function smallest<Found extends Case>(
  found: Found,
  differs: (smaller: Case) => Promise<boolean>,
): Promise<Case> {
  let least: Case = found
  for (;;) {
    const smaller = await firstThat(lesser(least), differs)
    if (smaller === undefined) return least
    least = smaller
  }
}

async function firstThat(all: readonly Case[], holds: (each: Case) => Promise<boolean>): Promise<Case | undefined> {
  for (const each of all) if (await holds(each)) return each
  return undefined
}

function lesser(all: Case): readonly Case[] {
  const { policies, world, question } = all
  const worlds = (['groups', 'roles', 'networks', 'grants', 'written'] as const).flatMap((part): readonly World[] =>
    world[part].map((_, index) => ({ ...world, [part]: world[part].toSpliced(index, 1) })),
  )
  const principals = world.principals
    .filter(({ id }) => !world.grants.some(({ grantee }) => grantee === id))
    .map(({ id }) => ({ ...world, principals: world.principals.filter((each) => each.id !== id) }))
  const { actor } = question
  const { app, grant, ...plain } = actor
  const actors = [...(app === undefined ? [] : [{ ...actor, app: undefined }]), ...(grant === undefined ? [] : [plain])]
  return [
    ...[...worlds, ...principals].map((smaller) => ({ ...all, world: smaller })),
    ...policies.flatMap(({ id }, index) =>
      id.startsWith('access:') ? [] : [{ ...all, policies: policies.toSpliced(index, 1) }],
    ),
    ...actors.map((smaller) => ({ ...all, question: { ...question, actor: smaller as typeof actor } })),
  ]
}
