// The process that measures the bare cryptography: warm KeyObjects and nothing else.

import {
  constants,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto'
import { answerQuestions } from '../helper.ts'

/** How long to measure each operation. */
export interface BareQuestion {
  readonly milliseconds: number
}

/** CPU microseconds per operation. */
export interface BareCost {
  /** RS256 over as many bytes as a capture context has. */
  readonly sign: number
  /** RSA-OAEP with SHA-1 of a content key. */
  readonly decrypt: number
}

const SIGNED_BYTES = 2600
const OPERATIONS_BETWEEN_LOOKS = 10

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const padding = constants.RSA_PKCS1_OAEP_PADDING
const encryptedKey = publicEncrypt({ key: publicKey, padding }, randomBytes(32))
const signedBytes = randomBytes(SIGNED_BYTES)

const signOnce = (): unknown => sign('sha256', signedBytes, privateKey)
const decryptOnce = (): unknown => privateDecrypt(privateKey, encryptedKey)

answerQuestions(({ milliseconds }: BareQuestion): BareCost => {
  return { sign: measure(signOnce, milliseconds), decrypt: measure(decryptOnce, milliseconds) }
})

function measure(operation: () => unknown, milliseconds: number): number {
  const before = process.cpuUsage()
  const end = performance.now() + milliseconds
  let done = 0
  while (performance.now() < end) {
    for (let index = 0; index < OPERATIONS_BETWEEN_LOOKS; index += 1) operation()
    done += OPERATIONS_BETWEEN_LOOKS
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / done
}
