import { type ErrorTable, errorsOf } from './errors.ts'

/** The platform's own codes. Every detail says what happened, what was kept and what to do. */
export const platformErrors = {
  'platform.storage-full': {
    status: 507,
    title: 'Storage is full',
    detail:
      'The change was not made: there is no room left where Gatehouse keeps its data. Everything confirmed before is kept. Free some space, then try again.',
  },
  'platform.storage-unavailable': {
    status: 503,
    title: 'Database unavailable',
    detail:
      'The database does not answer. Everything confirmed before is kept; this change is not confirmed, so look whether it was made before repeating it. Try again in a moment; the log names the cause.',
  },
  'platform.storage-busy': {
    status: 503,
    title: 'Too many changes at once',
    detail: 'The change was not made: others kept changing the same things at that moment. Try again.',
  },
  'platform.database-corrupt': {
    status: 500,
    title: 'Database damaged',
    detail:
      'The database is damaged or is not a Gatehouse database. Nothing was written to it. Stop Gatehouse, keep a copy of the data directory, and restore the newest backup.',
  },
  'platform.database-newer': {
    status: 500,
    title: 'Database is newer than this Gatehouse',
    detail:
      'The database was last used by a newer Gatehouse ({migration}). Nothing was changed. Start that version, or restore the backup made before the upgrade.',
  },
  'platform.region-database-unreadable': {
    status: 500,
    title: 'Region database unreadable',
    detail:
      'The file that [regions] database names is missing or is no MaxMind DB file. Nothing was changed. Name another one, or leave the setting out: Gatehouse brings a database of its own.',
  },
  'platform.migration-changed': {
    status: 500,
    title: 'Database was built differently',
    detail:
      'The database was built by a Gatehouse whose step {migration} differs from this one. Nothing was changed. Start the version that made it.',
  },
  'platform.lease-lost': {
    status: 503,
    title: 'Work was taken over',
    detail: 'The work was not finished here: another node took it over, and does it. Nothing needs to be done.',
  },
  'platform.text-not-storable': {
    status: 400,
    title: 'Text cannot be stored',
    detail: 'A text holds the character NUL, which cannot be stored. Nothing was changed. Remove it and send again.',
  },
  'platform.sealed-value-damaged': {
    status: 500,
    title: 'Stored value damaged',
    detail:
      'A protected value in the database could not be opened: it was changed outside Gatehouse. Nothing was changed now. Restore it from a backup.',
  },
  'platform.wrong-seal-key': {
    status: 500,
    title: 'Wrong seal key',
    detail:
      'The seal key does not open the keys in the database. Nothing was changed. Put back the seal.key that belongs to this database, then start again.',
  },
  'platform.seal-key-exposed': {
    status: 500,
    title: 'Seal key readable by others',
    detail:
      'Other users of this machine may read the seal key, so it was not used. Nothing was changed. Run chmod 600 on it, and rotate the keys if others had access.',
  },
  'platform.seal-key-unwritable': {
    status: 500,
    title: 'Seal key cannot be written',
    detail:
      'The seal key could not be written. Nothing was changed. Make the data directory writable, then start again.',
  },
  'platform.rotation-under-way': {
    status: 409,
    title: 'Another rotation is under way',
    detail: 'Another node rotated the data key at the same moment. Its key stands; rotate again only if you want two.',
  },
  'platform.configuration-not-reloaded': {
    status: 422,
    title: 'The configuration was not reloaded',
    detail: 'The configuration has faults. Nothing was changed: everything goes on as before. Correct it, then reload.',
  },
  'platform.data-directory': {
    status: 500,
    title: 'Data directory not usable',
    detail: 'The data directory cannot be used. Nothing was started; the message names what to change.',
  },
  'platform.bad-host': {
    status: 400,
    title: 'Bad host',
    detail:
      'The request does not name exactly one host in its usual form. Nothing was done. Correct the address and try again.',
  },
  'platform.bad-forwarded-for': {
    status: 400,
    title: 'The proxy does not say where the request comes from',
    detail:
      'The request came through a trusted proxy ([listen] trusted-proxies) without an X-Forwarded-For header that can be read, so nothing could be judged by its address. Nothing was done. Let the proxy add the address of its client, and name under trusted-proxies nothing but proxies.',
  },
  'platform.misdirected-request': {
    status: 421,
    title: 'Misdirected request',
    detail: 'This host is not served on this connection. Nothing was done. Open a new connection to the host itself.',
  },
  'platform.too-many-headers': {
    status: 431,
    title: 'Too many header fields',
    detail:
      'The request has more header fields than are accepted. Nothing was done. Send fewer; clearing cookies may help.',
  },
  'platform.no-tunnels': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This server does not open tunnels: CONNECT is not served. Nothing was done.',
  },
  'platform.upgrade-refused': {
    status: 400,
    title: 'Upgrade not served',
    detail: 'This host does not serve WebSockets. Nothing was done.',
  },
  'platform.change-too-large': {
    status: 413,
    title: 'Too large a change',
    detail:
      'The journal tells the whole of a change, before and after, in at most {limit} characters, and this one is longer. Nothing was changed. Make the thing smaller.',
  },
  'platform.internal-error': {
    status: 500,
    title: 'Something failed here',
    detail: 'The request could not be handled. The log of the server says why.',
  },
  'platform.port-unavailable': {
    status: 500,
    title: 'Port not available',
    detail:
      'A port could not be opened. Nothing was started. Choose another in the configuration, or stop what uses it.',
  },
  'platform.worker-failed': {
    status: 500,
    title: 'A worker thread ended',
    detail:
      'One of the threads that serve HTTPS could not start, or ended by itself, and the server ended with it. What was acknowledged is kept. The log says why.',
  },
  'platform.already-running': {
    status: 409,
    title: 'Already running',
    detail: 'Another Gatehouse is running on this data directory. Nothing was started. Stop that one first.',
  },
  'platform.admin-socket-unavailable': {
    status: 500,
    title: 'Admin socket not available',
    detail: 'The admin socket could not be made in the data directory. Nothing was started.',
  },
  'platform.socket-unavailable': {
    status: 500,
    title: 'Socket not available',
    detail:
      'A socket that the configuration names could not be made. Nothing was started. Make its directory, writable for Gatehouse, or see who answers there.',
  },
  'platform.egress-refused': {
    status: 422,
    title: 'Address not allowed',
    detail:
      'Gatehouse calls only public https addresses without a user name in them. Nothing was sent. Give another address; the log says what was wrong with this one.',
  },
  'platform.egress-failed': {
    status: 502,
    title: 'No answer from outside',
    detail: 'The other server did not answer as it should. Nothing was changed here. Try again; the log says why.',
  },
} as const satisfies ErrorTable

export const fail = errorsOf(platformErrors)
