import type { PermissionType } from '#platform'

/** The permission types this room answers for. */
export const permissionTypes: readonly PermissionType[] = [
  {
    type: 'certificates',
    actions: {
      read: 'See the certificates Gatehouse has issued',
      revoke: 'Revoke a certificate: from then on it proves nothing',
    },
    ids: 'exact',
  },
  {
    type: 'certificate-holders',
    actions: {
      read: 'See the devices and services that certificates speak for',
      create: 'Make devices and services known',
      update: 'Change what devices and services are called',
      delete: 'Remove devices and services: their certificates end with them',
    },
    ids: 'exact',
  },
  {
    type: 'certificate-profiles',
    actions: {
      read: 'See what kinds of certificates are issued',
      create: 'Make a profile',
      update: 'Change what a profile gives',
      delete: 'Remove a profile',
      issue: 'Have certificates of a profile issued',
    },
    ids: 'exact',
  },
  {
    type: 'certificate-authorities',
    actions: {
      read: 'See the certificate authorities and how they are doing',
      create: 'Make or import certificate authorities',
      update: 'Activate, retire or revoke certificate authorities, and bring keys back',
      export: "Take a root's private key out of this server",
    },
    ids: 'exact',
  },
  {
    type: 'enrolment-tokens',
    actions: {
      read: 'See enrolment tokens, without their secrets',
      create: 'Make tokens with which certificates are fetched, of profiles one may issue',
      revoke: 'Revoke enrolment tokens',
    },
    ids: 'exact',
  },
]
