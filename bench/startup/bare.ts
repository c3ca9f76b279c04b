/** The peer of bench/startup: the least a server with a database and HTTPS does. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const [, , port, directory = '.'] = process.argv
const database = new DatabaseSync(join(directory, 'bare.db'))
database.exec('pragma journal_mode = wal')
const options = { key: readFileSync(join(directory, 'key.pem')), cert: readFileSync(join(directory, 'cert.pem')) }
createServer(options, (_, response) => response.end('ready\n')).listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
