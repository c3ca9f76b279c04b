import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Clock, Ctx, Database, Keyring, Log, Random } from '#platform'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { newSealedKey, openSealedKey } from '../authorities/sealed-keys.ts'
import { ownCertificate, recordIssued } from '../issue/record.ts'
import { backdated } from '../validity.ts'
import { distinguishedName, newSerial, serialRandom, signCertificate } from '../x509/certificate.ts'
import {
  authorityKeyIdentifier,
  endEntityConstraints,
  extendedKeyUsage,
  keyIdentifier,
  keyUsage,
  ocspNoCheck,
  subjectKeyIdentifier,
} from '../x509/extensions.ts'
import { type Responder, responderOf } from '../x509/ocsp-response.ts'
import { signerOf } from '../x509/signature.ts'
import { findResponder, responderProfile, type StoredResponder } from './responder-store.ts'

/** Nobody asks whether a responder's certificate is revoked (RFC 6960 §4.2.2.2.1), so it does not last. */
const lifetime = 7 * 86_400_000
/** Passes between two attempts after one failed; the former certificate answers on as long as it lasts. */
const retryAfter = 10_000

export interface ResponderParts {
  readonly database: Pick<Database, 'epoch'>
  readonly clock: Clock
  readonly random: Random
  readonly keyring: Keyring
  readonly log: Log
  /** A context of Gatehouse's own. */
  readonly newCtx: () => Ctx
}

interface Kept {
  readonly epoch: number
  readonly responder: Responder
  readonly notBefore: number
  readonly notAfter: number
  readonly renewAt: number
}

/** Who signs the answers about an authority's certificates: keys delegated by it, so that its own does nothing but certify. */
export interface Responders {
  /** @throws GateError `pki.authority-offline`, `pki.authority-unusable`; what the database throws */
  of(authority: LiveAuthority): Responder | Promise<Responder>
}

/**
 * One certificate for each authority that is asked about, shared by all nodes, renewed at half its life by whoever is
 * asked first.
 */
export function createResponders(parts: ResponderParts): Responders {
  const { database, clock, log } = parts
  const kept = new Map<string, Kept>()
  const loading = new Map<string, Promise<Kept>>()
  const restingUntil = new Map<string, number>()

  const load = async (authority: LiveAuthority): Promise<Kept> => {
    // read before: a responder revoked meanwhile is looked up again
    const epoch = database.epoch('certificates')
    const ctx = parts.newCtx()
    const found = await findResponder(ctx.db, authority.stored.id, ctx.now)
    const current = found && open(parts, authority, found, epoch)
    if (current !== undefined && clock.now() < current.renewAt) return current
    try {
      return open(parts, authority, await renew(ctx, parts, authority), epoch) ?? unusable(authority)
    } catch (err) {
      restingUntil.set(authority.stored.id, clock.monotonic() + retryAfter)
      if (current === undefined) throw err
      log.warn(
        { authority: authority.stored.id, err },
        'the OCSP certificate was not renewed; the former one answers on',
      )
      return current
    }
  }
  const reload = (authority: LiveAuthority): Promise<Kept> => {
    const { id } = authority.stored
    const under =
      loading.get(id) ??
      load(authority)
        .then((entry) => {
          kept.set(id, entry)
          return entry
        })
        .finally(() => loading.delete(id))
    loading.set(id, under)
    return under
  }
  return {
    of: (authority) => {
      const entry = kept.get(authority.stored.id)
      const now = clock.now()
      const current = entry?.epoch === database.epoch('certificates') && now >= entry.notBefore && now < entry.notAfter
      const resting = (restingUntil.get(authority.stored.id) ?? 0) > clock.monotonic()
      if (current && (now < entry.renewAt || resting)) return entry.responder
      return reload(authority).then(({ responder }) => responder)
    },
  }
}

/** A certificate and key made and stored, unless another node was quicker. */
function renew(ctx: Ctx, parts: ResponderParts, authority: LiveAuthority): Promise<StoredResponder> {
  return ctx.tx(async (tx) => {
    const found = await findResponder(tx.db, authority.stored.id, tx.now)
    if (found !== undefined && tx.now < renewAtOf(found)) return found
    return issueResponder(tx, parts, authority)
  })
}

async function issueResponder(
  tx: Ctx,
  { keyring, random }: ResponderParts,
  authority: LiveAuthority,
): Promise<StoredResponder> {
  const id = tx.newId('crt')
  const { publicKey, sealed } = newSealedKey(keyring, 'pki_certificates', id)
  const serial = newSerial(tx.now, random.bytes(serialRandom))
  const subject = `OCSP of ${authority.stored.name}`.slice(0, 64)
  const certificate = signResponder(tx.now, authority, publicKey, serial, subject)
  const made = ownCertificate(tx, {
    id,
    authorityId: authority.stored.id,
    serial,
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    profile: responderProfile,
    subject,
    names: [],
    host: undefined,
    certificate,
    sealedKey: sealed,
  })
  await recordIssued(tx, [made])
  return { id, certificate, sealedKey: sealed, notBefore: made.notBefore, notAfter: made.notAfter }
}

function signResponder(
  now: number,
  { facts, ...authority }: LiveAuthority,
  publicKey: KeyObject,
  serial: Uint8Array,
  subject: string,
): Uint8Array {
  return signCertificate(
    {
      serial,
      issuer: facts.subject,
      subject: distinguishedName([['commonName', subject]]),
      notBefore: Math.max(now - backdated, facts.notBefore),
      notAfter: Math.min(now - backdated + lifetime, facts.notAfter),
      publicKey,
      extensions: [
        endEntityConstraints(),
        keyUsage('digitalSignature'),
        extendedKeyUsage('OCSPSigning'),
        ocspNoCheck(),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(facts.keyId),
      ],
    },
    authority.privateKey(),
  )
}

/** `undefined` for what is not what was issued: it was altered in the database, and another takes its place. */
function open(
  { keyring, log }: ResponderParts,
  authority: LiveAuthority,
  stored: StoredResponder,
  epoch: number,
): Kept | undefined {
  const { notBefore, notAfter } = stored
  try {
    const parsed = new X509Certificate(stored.certificate)
    const key = openSealedKey(keyring, 'pki_certificates', stored.id, stored.sealedKey)
    if (parsed.verify(authority.facts.publicKey) && parsed.checkPrivateKey(key)) {
      const spki = new Uint8Array(parsed.publicKey.export({ type: 'spki', format: 'der' }))
      const responder = responderOf(signerOf(key), spki, [stored.certificate])
      return { epoch, responder, notBefore, notAfter, renewAt: renewAtOf(stored) }
    }
    log.error({ certificate: stored.id }, 'a stored OCSP certificate is not what was issued; a new one replaces it')
  } catch (err) {
    log.error({ certificate: stored.id, err }, 'a stored OCSP certificate does not open; a new one replaces it')
  }
  return undefined
}

function unusable({ stored }: LiveAuthority): never {
  throw new TypeError(`the OCSP certificate just made for ${stored.id} does not open`)
}

function renewAtOf({ notBefore, notAfter }: Pick<StoredResponder, 'notBefore' | 'notAfter'>): number {
  return notBefore + (notAfter - notBefore) / 2
}
