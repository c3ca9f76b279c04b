/**
 * What a handshake may agree on: TLS 1.2 and 1.3, forward secrecy and authenticated encryption only. In the server's order;
 * those for ECDSA certificates stand beside those for RSA.
 */
export const suites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/**
 * A client that can do the first gets it, whatever share it sent ahead: traffic recorded today stays closed to a quantum
 * computer of tomorrow, and that is worth a round trip. Among the others the one that costs no round trip is taken.
 */
export const groups = 'X25519MLKEM768/X25519:P-256:P-384'

/** No SHA-1, of ours and of client certificates alike. */
export const signatures = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'ed25519',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pss_pss_sha256',
  'rsa_pss_pss_sha384',
  'rsa_pss_pss_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join(':')
