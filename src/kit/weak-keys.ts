/** Public keys of a sound kind and length that are weak all the same. Who judges a stranger's key asks here. */

const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const

/**
 * What speaks against an RSA modulus, to be put after “its RSA key”, or `undefined`. Moduli that others can factor
 * (CA/Browser Baseline Requirements §6.1.1.3): even or with a small factor, from the chips of CVE-2017-15361 ("ROCA"), or
 * of two primes that lie close together.
 */
export function weaknessOfModulus(modulus: bigint): string | undefined {
  const residues = smallPrimes.map((prime) => Number(modulus % BigInt(prime)))
  if (modulus % 2n === 0n || residues.includes(0)) return 'has a small factor'
  if (residues.every((residue, index) => isPowerOfF4(residue, smallPrimes[index] ?? 3))) {
    return 'comes from a generator with a known fault (CVE-2017-15361)'
  }
  return hasClosePrimes(modulus) ? 'has two primes close together' : undefined
}

/** Whether a residue is a power of 65537 modulo a prime: a faulty generator's moduli are, for every small prime. */
function isPowerOfF4(residue: number, prime: number): boolean {
  const base = 65_537 % prime
  for (let power = 1, count = 0; count < prime; count++) {
    if (power === residue) return true
    power = (power * base) % prime
  }
  return false
}

/** Fermat's method, 100 rounds: n = a² − b² with a just above √n. */
function hasClosePrimes(modulus: bigint): boolean {
  let a = squareRoot(modulus)
  if (a * a < modulus) a += 1n
  let rest = a * a - modulus
  for (let round = 0; round < 100; round++) {
    if (maybeSquare(rest)) {
      const root = squareRoot(rest)
      if (root * root === rest) return true
    }
    rest += 2n * a + 1n
    a += 1n
  }
  return false
}

/** Four small moduli tell 99 of 100 numbers that are no squares, without a root. */
function maybeSquare(value: bigint): boolean {
  const residue = Number(value % 2_882_880n)
  return (
    squares64.has(residue % 64) &&
    squares63.has(residue % 63) &&
    squares65.has(residue % 65) &&
    squares11.has(residue % 11)
  )
}

const squaresModulo = (modulus: number): ReadonlySet<number> =>
  new Set(Array.from({ length: modulus }, (_, root) => (root * root) % modulus))
const squares64 = squaresModulo(64)
const squares63 = squaresModulo(63)
const squares65 = squaresModulo(65)
const squares11 = squaresModulo(11)

/** The whole part of a square root, by Newton from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** y coordinates of points whose order divides 8: signatures under such keys can be made by anybody for any message. */
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Whether an Ed25519 public key (32 bytes) is a point of small order. */
export function isSmallOrderPoint(point: Uint8Array): boolean {
  const unsigned = Uint8Array.from(point)
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f
  return smallOrder.has(Buffer.from(unsigned).toString('hex'))
}
