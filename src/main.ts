import './imports.ts'
import { isMainThread } from 'node:worker_threads'

const [command, ...rest] = process.argv.slice(2)
if (command === 'serve') {
  const [{ serve, serveAsWorker }, { rooms }] = await Promise.all([import('#platform/serve'), import('./app.ts')])
  if (isMainThread) process.exitCode = await serve(rooms, rest, new URL(import.meta.url))
  else await serveAsWorker(rooms)
} else {
  const { runCli } = await import('#cli')
  process.exitCode = await runCli(process.argv.slice(2))
}
