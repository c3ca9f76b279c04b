import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup/cpu'
/** Short, so that a thread that has had its part waits a moment and not a tenth of a second. */
const periodUs = 10_000

/** Threads held to a part of a processor each. */
export interface Shares {
  readonly release: () => void
}

/**
 * Holds those threads of a process that have worked most so far to `part` of one processor each (cgroup v1 `cpu`, a group of
 * its own for each). The threads beside them, which compile and collect, are not held.
 *
 * @returns `undefined` where the machine has no such groups, or this user may not make any
 */
export function holdBusiest(pid: number, threads: number, part: number): Shares | undefined {
  if (!existsSync(join(root, 'cpu.cfs_quota_us'))) return undefined
  const held: { readonly group: string; readonly from: string; readonly tid: number }[] = []
  const release = (): void => {
    for (const { group, from, tid } of held) {
      if (existsSync(`/proc/${pid}/task/${tid}`)) writeFileSync(join(from, 'tasks'), String(tid))
      rmdirSync(group)
    }
  }
  try {
    for (const tid of busiest(pid).slice(0, threads)) {
      const from = groupOf(pid, tid)
      const group = join(from, `gatehouse-bench-${pid}-${tid}`)
      mkdirSync(group)
      held.push({ group, from, tid })
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodUs))
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(Math.round(periodUs * part)))
      writeFileSync(join(group, 'tasks'), String(tid))
    }
  } catch {
    release()
    return undefined
  }
  return { release }
}

function busiest(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) => ({ tid: Number(tid), cpu: threadCpu(pid, Number(tid)) }))
    .toSorted((a, b) => b.cpu - a.cpu)
    .map(({ tid }) => tid)
}

function threadCpu(pid: number, tid: number): number {
  const text = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function groupOf(pid: number, tid: number): string {
  const line = readFileSync(`/proc/${pid}/task/${tid}/cgroup`, 'utf8')
    .split('\n')
    .find((one) => one.split(':')[1] === 'cpu')
  return join(root, line?.split(':')[2] ?? '/')
}
