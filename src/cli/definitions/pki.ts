import type { Command } from 'commander'
import { group } from './command.ts'
import { addAuthorities } from './pki-authorities.ts'
import { addCertificates } from './pki-certificates.ts'
import { addEnrolment } from './pki-enrolment.ts'
import { addHolders } from './pki-holders.ts'
import { addLists } from './pki-lists.ts'
import { addProfiles } from './pki-profiles.ts'

/** `gatehouse pki …` */
export function addPki(program: Command): void {
  const pki = group(program, 'pki', 'Certificates of devices, services and people')
  addAuthorities(pki)
  addLists(pki)
  addCertificates(pki)
  addHolders(pki)
  addProfiles(pki)
  addEnrolment(pki)
}
