import { serveAsWorker } from '#platform/serve'
import { rooms } from './rooms.ts'

/** A thread of `ours.ts` that serves HTTPS. */
await serveAsWorker(rooms)
