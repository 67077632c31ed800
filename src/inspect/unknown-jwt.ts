import { COMMON_HEADER, signatureAlg } from './algorithms.ts'
import type { JwtKind } from './jwt-kind.ts'
import { explainMembers, type Note } from './note.ts'
import { EXP, IAT, NBF, orderFault } from './time-notes.ts'

/** The registered claims (RFC 7519 §4.1). */
const CLAIMS: readonly Note[] = [
  { name: 'iss', meaning: 'issuer' },
  { name: 'sub', meaning: 'subject' },
  { name: 'aud', meaning: 'audience' },
  EXP,
  NBF,
  IAT,
  { name: 'jti', meaning: 'id of this JWT' },
]

/** Any other JWT. */
export const UNKNOWN_JWT: JwtKind = {
  kind: 'jwt',
  title: () => 'JWT of another kind: none of Flex API v2',
  isIt: () => true,
  header: [
    { name: 'kid', required: true, meaning: 'id of the key' },
    signatureAlg([]),
    ...COMMON_HEADER,
  ],
  explain: (scene) => [explainMembers({ title: 'claims' }, scene.claims, { notes: CLAIMS, scene })],
  checks: [orderFault],
}
