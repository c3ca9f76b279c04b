import { realpathSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { UpstreamFault } from './fault.ts'
import type { UpstreamTarget } from './target.ts'

type PathKind = 'unix' | 'folder'

export interface MachinePathsOptions {
  /** Sockets that may be connected to, or directories with all below them: `[gateway] sockets`. */
  readonly sockets: readonly string[]
  /** Directories that may be served, with all below them: `[gateway] folders`. */
  readonly folders: readonly string[]
  /** Where Gatehouse keeps its database, keys and admin socket. */
  readonly data: string
}

/**
 * Which paths of this machine routes may lead to. Whoever may make routes is not therefore trusted with every file and
 * socket that Gatehouse can open, so a path counts only below what the operator's configuration lists, by what it really
 * is when all links are followed; asked when a route is saved and again at every use. The data directory is out of reach
 * whatever is listed: its admin socket asks nobody who they are.
 */
export class MachinePaths {
  readonly #listed: Readonly<Record<PathKind, readonly string[]>>
  readonly #data: string

  constructor({ sockets, folders, data }: MachinePathsOptions) {
    this.#listed = { unix: sockets, folder: folders }
    // it may not be there yet
    this.#data = realAncestor(resolve(data))
  }

  /** Why a route may not lead there, in a sentence for whoever saves it; `undefined`: it may. What does not exist yet may. */
  refusal(target: UpstreamTarget): string | undefined {
    if (target.kind !== 'unix' && target.kind !== 'folder') return undefined
    const fault = this.#fault(target.kind, realAncestor(target.path))
    if (fault === undefined) return undefined
    if (fault === 'data') return `${target.path} is Gatehouse's own data directory, holds it or lies in it.`
    const key = target.kind === 'unix' ? 'sockets' : 'folders'
    // the very path: a directory above it would allow more than was asked for
    const listed = [...this.#listed[target.kind], target.path].map((path) => JSON.stringify(path)).join(', ')
    return `${target.path} lies in none of the directories that routes may lead to. Whoever runs this machine can allow it in gatehouse.toml: [gateway] ${key} = [${listed}]`
  }

  /** The real path to connect to or to serve. @throws UpstreamFault when it is not there, or not allowed any more */
  async open(kind: PathKind, path: string, isVouched: boolean): Promise<string> {
    const real = await realpath(path).catch((cause: unknown) => {
      throw new UpstreamFault('gateway.upstream-unreachable', `${path} is not there`, { cause })
    })
    // a room that vouches for a path may keep it in the data directory: it is the room's own
    if (!isVouched && this.#fault(kind, real) !== undefined) {
      throw new UpstreamFault('gateway.upstream-not-allowed', `${real} is not among what may be led to`)
    }
    return real
  }

  #fault(kind: PathKind, real: string): 'data' | 'unlisted' | undefined {
    if (isAtOrBelow(this.#data, real) || (kind === 'folder' && isAtOrBelow(real, this.#data))) return 'data'
    for (const listed of this.#listed[kind]) {
      if (isAtOrBelow(realAncestor(listed), real)) return undefined
    }
    return 'unlisted'
  }
}

/** Whether `path` is `root` or lies below it; both real paths. */
export function isAtOrBelow(root: string, path: string): boolean {
  return path === root || root === sep || path.startsWith(root + sep)
}

/** The real path as far as it exists, and the rest as it is written. */
function realAncestor(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(realAncestor(above), basename(path))
  }
}
