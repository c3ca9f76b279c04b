import './imports.ts'

const [command, ...rest] = process.argv.slice(2)
if (command === 'serve') {
  const [{ serve }, { rooms }] = await Promise.all([import('#platform/serve'), import('./app.ts')])
  process.exitCode = await serve(rooms, rest)
} else {
  const { runCli } = await import('#cli')
  process.exitCode = await runCli(process.argv.slice(2))
}
