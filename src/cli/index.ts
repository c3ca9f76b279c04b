/** The `gatehouse` command's face: everything but `serve`. */
export { runCli } from './run.ts'
