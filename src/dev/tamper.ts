import type { KeyObject } from 'node:crypto'
import type { JwsSigner } from '../jose/jws.ts'
import { importBundledKey } from './bundled-keys.ts'
import type { Exchange } from './exchange.ts'
import type { FaultKind } from './fault.ts'

/** A kid of two, or of 32, characters that no key has. */
const UNKNOWN_KIDS: Readonly<Record<number, string>> = { 2: 'zz', 32: `08${'z'.repeat(30)}` }

/** Returns a signer that, while a JWT of the request is signed, is another where faults want that; else it is the given one. */
export function tamperedSigner<Signer extends JwsSigner>(
  signer: Signer,
  exchange: Exchange,
): Signer {
  if (!('privateKey' in signer)) return signer
  const wants = (kind: FaultKind): boolean =>
    exchange.isSigning && exchange.signFaults.some((fault) => fault.kind === kind)
  return {
    ...signer,
    get kid(): string {
      return wants('wrong-kid') ? (UNKNOWN_KIDS[signer.kid.length] ?? 'zz') : signer.kid
    },
    get privateKey(): KeyObject {
      // It never signs anything itself.
      return wants('wrong-signature') ? importBundledKey('mle') : privateKeyOf(signer)
    },
  }
}

function privateKeyOf(signer: JwsSigner): KeyObject {
  if ('privateKey' in signer) return signer.privateKey
  throw new TypeError('a key of an HSM cannot be tampered with')
}
