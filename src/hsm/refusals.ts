import { OperatorError } from '../errors.ts'

/** How a token is reached. */
export interface TokenPlace {
  /** The file of the PKCS#11 module. */
  readonly module: string
  /** The label of the token. */
  readonly token: string
}

interface Refusal {
  readonly problem: (place: TokenPlace) => string
  readonly fix: string
}

// PKCS#11 v2.40 §A.8; the numbers are those of every module.
const REFUSALS: Readonly<Record<number, Refusal>> = {
  0xa0: {
    problem: ({ token }) => `The PIN of the token ${token} is wrong; it was tried once.`,
    fix: 'Correct it in the file that --pkcs11-pin-file names, or in COATCHECK_PKCS11_PIN; every wrong try brings the token nearer to being locked.',
  },
  0xa4: {
    problem: ({ token }) => `The token ${token} is locked: its PIN was wrong too often.`,
    fix: 'Set a new user PIN with the security officer’s PIN, by the tool of the HSM.',
  },
  0x102: {
    problem: ({ token }) => `The token ${token} has no user PIN yet.`,
    fix: 'Set one by the tool of the HSM.',
  },
  0x70: {
    problem: ({ token }) => `The token ${token} lacks a mechanism that is needed.`,
    fix: 'Use an HSM that has AES-GCM for the root key, and SHA256-RSA-PKCS for signing keys.',
  },
}

/** Makes the refusal of what a PKCS#11 call has thrown. */
export function toRefusal(error: unknown, place: TokenPlace): OperatorError {
  if (error instanceof OperatorError) return error
  const refusal = REFUSALS[codeOf(error) ?? 0]
  if (refusal !== undefined) {
    return new OperatorError(refusal.problem(place), refusal.fix, error)
  }
  return new OperatorError(
    `The HSM does not answer for the token ${place.token}.`,
    'Look whether it is plugged in, switched on and reachable, then try again.',
    error,
  )
}

/** The PKCS#11 code of an error; undefined when it has none. */
export function codeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : undefined
}
