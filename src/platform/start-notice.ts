import { hostname, userInfo } from 'node:os'
import type { RunningServer } from './server.ts'

/** What a person reads after `npm start`: where it is, the next step, and how to reach it from elsewhere. */
export async function startNotice(server: RunningServer, tookMs: number): Promise<string> {
  const { config, origin, dataDirectory } = server
  const port = new URL(origin).port || '443'
  const storage = config.database.url === undefined ? `${dataDirectory} (SQLite)` : `${dataDirectory} and PostgreSQL`
  const notices = await server.notices()
  const lines = [
    `Gatehouse is ready (${(tookMs / 1000).toFixed(1)} s).`,
    '',
    `  Console      ${origin}`,
    `  Data         ${storage}`,
    ...notices.map(({ title, text }) => `  ${title.padEnd(12)} ${text}`),
  ]
  if (config.console.networks.length > 0) {
    lines.push(
      '',
      `  Console, sign-in and API are reached from ${config.console.networks.join(', ')} only ([console] networks).`,
      '  Locked out? On this machine every gatehouse command works all the same, over the admin socket.',
    )
  }
  if (config.console.host.endsWith('.localhost')) {
    lines.push(
      '',
      '  It listens on this machine only. From another machine, open a tunnel there and use the same links:',
      `    ssh -N -L ${port}:127.0.0.1:${port} ${userHere()}${hostname()}`,
    )
  }
  return `\n${lines.join('\n')}\n\n`
}

/** `ada@`; nothing for a user without a name, as containers run programs under. */
function userHere(): string {
  try {
    return `${userInfo().username}@`
  } catch {
    return ''
  }
}
