import { posix } from 'node:path'
import { type Import, importsOf } from './imports.ts'
import { type Files, isForTests, roomOf, type Violation } from './sources.ts'
import { type Token, tokensOf } from './tokens.ts'

/** What each room may import, and why. Rows are as in the house: a room only needs rooms on lower rows. */
export const needs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  access: {},
  breached: {},
  mail: { access: 'who may see and try mail' },
  identity: {
    access: 'accounts are principals; every use-case asks for a decision',
    breached: 'a new password must not be a leaked one',
    mail: 'invitations, links to get back in and notices go out by mail',
  },
  vault: { access: 'who may read which secret' },
  pki: { access: 'who may issue and revoke' },
  oauth: {
    access: 'apps are principals, consents are grants',
    identity: 'who signs in at the authorization endpoint',
  },
  gateway: {
    access: 'who may use a route',
    identity: 'sessions on app hosts and identity headers',
    pki: 'a certificate per routed host',
  },
  deploy: {
    access: 'who may push where',
    vault: 'secrets injected into apps',
    pki: 'certificates of deployed services',
    gateway: 'a deployed service gets a route',
  },
  devices: {
    access: 'topics are permissions',
    pki: 'device certificates',
    vault: 'firmware encryption keys',
  },
  scanner: { access: 'who may scan and see scans' },
  hooks: { access: 'whoever a webhook acts as must be allowed to read what it sends' },
  posture: {
    access: 'who may see and answer checks',
    identity: 'who answered a check',
  },
  state: { access: 'each item is asked for as its own API asks' },
  console: {
    access: 'which navigation entries a person sees',
    identity: 'who is signed in',
  },
}

/** Node modules without input, output, clock or randomness: all that kit may use. */
const pureNodeModules: Readonly<Record<string, string>> = {
  'node:buffer': 'bytes and text',
  'node:net': 'BlockList and isIP: arithmetic on addresses',
  'node:url': 'host names to ASCII',
  'node:util': 'the inspect symbol',
}

/** Packages that reach the network by themselves: egress is the only client for addresses that others chose. */
const networkPackages: Readonly<Record<string, readonly string[]>> = {
  undici: ['platform', 'gateway', 'cli'],
  // only to the operator's own mail server
  nodemailer: ['mail'],
}

/** Where time, randomness, environment and raw requests may come from: the outermost shell, and what is built for it. */
const impureRooms = new Set(['platform', 'cli', 'composition'])

/** Judges every source under src. `offered` are the keys of `imports` in package.json. */
export function findBoundaryViolations(files: Files, offered: readonly string[]): readonly Violation[] {
  const violations: Violation[] = []
  const contracts = contractFiles(files)
  for (const [path, text] of files) {
    const room = roomOf(path)
    if (room === undefined) continue
    const tokens = tokensOf(text)
    const say = (line: number, message: string): number => violations.push({ place: `${path}:${line}`, message })
    const importer = {
      path,
      room,
      forTests: isForTests(path),
      isContract: contracts.has(path),
      offered: new Set(offered),
    }
    for (const found of importsOf(tokens)) {
      const message = judgeImport(found, importer)
      if (message !== undefined) say(found.line, message)
    }
    if (impureRooms.has(room) || isForTests(path)) continue
    for (const { line, what } of impureCalls(tokens)) {
      say(line, `${what} belongs to platform and cli; take it from kernel or ctx`)
    }
  }
  return violations
}

/** Every room's `contract.ts`, with the files of the room it is made of: all of it is loaded by the CLI. */
function contractFiles(files: Files): ReadonlySet<string> {
  const found = new Set([...files.keys()].filter((path) => /^src\/[^/]+\/contract\.ts$/.test(path)))
  for (const path of found) {
    for (const { specifier } of importsOf(tokensOf(files.get(path) ?? ''))) {
      if (specifier?.startsWith('.') === true) found.add(posix.join(posix.dirname(path), specifier))
    }
  }
  return found
}

interface Importer {
  readonly path: string
  readonly room: string
  readonly forTests: boolean
  /** Part of a contract: shared with the CLI and pages, so free of Node and of the rest of its room. */
  readonly isContract: boolean
  readonly offered: ReadonlySet<string>
}

function judgeImport({ specifier, how }: Import, importer: Importer): string | undefined {
  if (specifier === undefined) return how === 'module' ? 'a computed import could reach anything' : undefined
  if (how === 'file' && !/\.[jt]s$/.test(specifier)) return undefined
  if (specifier.startsWith('.')) return judgeRelative(specifier, importer)
  if (specifier.startsWith('#')) return judgeFace(specifier, importer)
  return judgePackage(specifier, importer)
}

function judgeRelative(specifier: string, { path, room, forTests }: Importer): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  const targetRoom = roomOf(target)
  if (targetRoom === undefined) {
    return forTests ? undefined : `${specifier} leaves src`
  }
  if (targetRoom === room) {
    return isForTests(target) && !forTests ? `${specifier} is for tests only` : undefined
  }
  return `${specifier} reaches into ${targetRoom} past its face; import #${targetRoom}`
}

function judgeFace(specifier: string, importer: Importer): string | undefined {
  const { room, forTests, isContract, offered } = importer
  if (!offered.has(specifier)) return `${specifier} is not offered by imports in package.json`
  const [target = '', part] = specifier.slice(1).split('/')
  if (part === 'testing' && !forTests) return `${specifier} is for tests only`
  if (isContract && target !== 'kit') return `a contract imports only zod and #kit, not ${specifier}`
  if (target === room && part === 'testing') return undefined
  if (target === room) return `${specifier} is this room's own face; import its files by relative path`
  if (specifier === '#platform/serve')
    return room === 'composition' ? undefined : `${specifier} is for composition: rooms start nothing`
  if (room === 'composition') return part === undefined ? undefined : `composition knows faces only, not ${specifier}`
  if (part === 'contract') return room === 'cli' ? undefined : `${specifier} is for the CLI; rooms use the face`
  return judgeRow(target, specifier, importer)
}

function judgeRow(target: string, specifier: string, { room }: Importer): string | undefined {
  if (room === 'kit') return `kit is at the bottom and may not import ${specifier}`
  if (target === 'kit') return undefined
  if (room === 'platform') return `platform lies below the rooms and may not import ${specifier}`
  if (room === 'cli') return `the CLI talks HTTP and knows contracts only, not ${specifier}`
  if (target === 'platform') return undefined
  const allowed = needs[room]
  if (allowed === undefined) return `${room} is not in the table of needs`
  if (Object.hasOwn(allowed, target)) return undefined
  return `${room} does not need ${target}: sideways and upward imports are refused, and so is what the table leaves out`
}

function judgePackage(specifier: string, { room, forTests, isContract }: Importer): string | undefined {
  if (forTests) return undefined
  if (specifier.startsWith('node:')) {
    if (isContract) return `a contract imports no Node modules, not even ${specifier}`
    if (room === 'kit' && !Object.hasOwn(pureNodeModules, specifier))
      return `kit is pure and may not import ${specifier}`
    return undefined
  }
  if (room === 'kit') return `kit imports no packages, not even ${specifier}`
  if (isContract && specifier !== 'zod') return `a contract imports only zod and #kit, not ${specifier}`
  // `nodemailer/lib/x` is nodemailer; none of ours is scoped
  const rooms = networkPackages[specifier.split('/')[0] ?? '']
  return rooms === undefined || rooms.includes(room) ? undefined : `${specifier} reaches the network; use kernel.egress`
}

/** Clocks, chance, the environment and raw requests. */
function impureCalls(tokens: readonly Token[]): readonly { readonly line: number; readonly what: string }[] {
  const found: { line: number; what: string }[] = []
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue
    const next = tokens.slice(index + 1, index + 4).map(({ text }) => text)
    const before = tokens[index - 1]?.text
    const what = impureCall(token.text, next, before)
    if (what !== undefined) found.push({ line: token.line, what })
  }
  return found
}

function impureCall(name: string, next: readonly string[], before: string | undefined): string | undefined {
  const member = next[0] === '.' ? `${name}.${next[1] ?? ''}` : name
  if (['Date.now', 'Math.random', 'process.env', 'performance.now', 'globalThis.fetch'].includes(member)) return member
  if (['randomBytes', 'randomUUID', 'randomInt', 'getRandomValues'].includes(name)) return name
  if (name === 'Date' && before === 'new' && (next[0] !== '(' || next[1] === ')')) return 'new Date()'
  if (name === 'Date' && before !== 'new' && next[0] === '(') return 'Date()'
  const isDeclared = before === '.' || before === 'function' || before === 'async'
  return name === 'fetch' && next[0] === '(' && !isDeclared ? 'fetch' : undefined
}
