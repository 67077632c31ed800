import { parseHttpDate } from '../http-signature/date.ts'
import { numberMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import { dateInWords, distanceInWords } from './time-in-words.ts'
import { COMMON_HEADER, signatureAlg } from './algorithms.ts'
import type { JwtKind } from './jwt-kind.ts'
import { explainMembers, mustBe, mustBeText, mustMatch, type Note } from './note.ts'
import type { Scene } from './report.ts'
import { count, showValue } from './show-value.ts'
import { EXP, IAT, lifetimeOf, orderFault } from './time-notes.ts'

const LONGEST_LIFE_SECONDS = 300
const DIGEST = /^[A-Za-z0-9+/]{43}=$/

const ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

const DIGEST_NOTES: readonly Note[] = [
  {
    name: 'digest',
    meaning: 'SHA-256 of the body, base64; requests without a body have none',
    check: mustMatch(
      DIGEST,
      'a SHA-256 in base64: 44 characters, without a prefix such as SHA-256=',
    ),
  },
  { name: 'digestAlgorithm', meaning: 'how digest is computed', check: mustBe('SHA-256') },
  { name: 'digest-algorithm', meaning: 'how digest is computed', check: mustBe('SHA-256') },
  { name: 'v-c-response-mle-kid', meaning: 'key to encrypt the reply to' },
  { name: 'v-c-api-response-mle-kid', meaning: 'key to encrypt the reply to' },
]

const V2_CLAIMS: readonly Note[] = [
  ...DIGEST_NOTES,
  IAT,
  EXP,
  {
    name: 'request-method',
    required: true,
    meaning: 'the one method that it is good for',
    check: mustMatch(/^(?:get|post|put|patch|delete)$/i, 'an HTTP method'),
  },
  {
    name: 'request-resource-path',
    required: true,
    meaning: 'the one path that it is good for',
    check: mustMatch(/^\//, 'a path: it begins with /, without the host'),
  },
  { name: 'request-host', meaning: 'the host as the client is configured', check: mustBeText },
  { name: 'iss', meaning: 'owner of the key: the merchant, or its portfolio' },
  {
    name: 'jti',
    required: true,
    meaning: 'new for every request: a second use is refused',
    check: mustBeText,
  },
  { name: 'v-c-jwt-version', meaning: 'version of this format', check: mustBe('2') },
  {
    name: 'v-c-merchant-id',
    required: true,
    meaning: 'the merchant that acts',
    check: mustBeText,
  },
]

const V2_KEY_ID: Note = {
  name: 'kid',
  required: true,
  meaning: 'id of the shared secret, or serialNumber of the certificate’s subject',
  check: mustBeText,
}

function hasV2Claims({ claims }: Scene): boolean {
  const marks = ['v-c-merchant-id', 'v-c-jwt-version', 'request-method', 'request-resource-path']
  return marks.some((name) => Object.hasOwn(claims, name))
}

/** What authenticates a merchant's request, version 2: bound to one request and good for two minutes. */
export const MERCHANT_JWT_V2: JwtKind = {
  kind: 'merchant-jwt-v2',
  title: () => 'Merchant JWT, version 2: authenticates one request',
  isIt: hasV2Claims,
  header: [V2_KEY_ID, signatureAlg(ALGORITHMS), ...COMMON_HEADER],
  explain: (scene) => [
    explainMembers({ title: 'claims' }, scene.claims, { notes: V2_CLAIMS, scene }),
  ],
  checks: [
    orderFault,
    (scene) => {
      const lifetime = lifetimeOf(scene) ?? 0
      return lifetime <= LONGEST_LIFE_SECONDS
        ? undefined
        : `exp − iat is ${lifetime} seconds; more than ${LONGEST_LIFE_SECONDS} is refused, and clients use 120.`
    },
    ({ claims }) =>
      stringMember(claims, 'request-method')?.toLowerCase() === 'post' &&
      !Object.hasOwn(claims, 'digest')
        ? 'digest is missing: a request with a body needs it.'
        : undefined,
  ],
}

const V1_CLAIMS: readonly Note[] = [
  {
    name: 'iat',
    required: true,
    meaning: (value, { now }) => {
      const at = secondsOf(value)
      return at === undefined
        ? 'time of signing'
        : `${dateInWords(at)}, signed ${distanceInWords(at, now)}`
    },
    check: (value) =>
      secondsOf(value) === undefined ? 'is neither an HTTP date nor seconds' : undefined,
  },
  ...DIGEST_NOTES,
]

const V1_HEADER: readonly Note[] = [
  { name: 'kid', meaning: 'not used by version 1' },
  {
    name: 'x5c',
    required: true,
    show: (value) => (Array.isArray(value) ? count(value.length, 'certificate') : showValue(value)),
    meaning: 'the merchant’s own; it must equal a registered one',
    check: (value) =>
      Array.isArray(value) && value.length === 1 ? undefined : 'must list one certificate',
  },
  {
    name: 'v-c-merchant-id',
    required: true,
    meaning: 'the merchant that acts',
  },
]

function secondsOf(iat: unknown): number | undefined {
  if (typeof iat !== 'string') return numberMember({ iat }, 'iat')
  return /^\d{10}$/.test(iat) ? Number(iat) : parseHttpDate(iat)
}

function hasV1Header(header: JsonObject): boolean {
  return Object.hasOwn(header, 'v-c-merchant-id') || Object.hasOwn(header, 'x5c')
}

/** What authenticates a merchant's request, version 1: bound to a body at most. */
export const MERCHANT_JWT_V1: JwtKind = {
  kind: 'merchant-jwt-v1',
  title: () => 'Merchant JWT, version 1: authenticates requests',
  isIt: ({ header, claims }) => hasV1Header(header) || Object.hasOwn(claims, 'digestAlgorithm'),
  header: [...V1_HEADER, signatureAlg(['RS256']), ...COMMON_HEADER],
  explain: (scene) => [
    explainMembers({ title: 'claims' }, scene.claims, { notes: V1_CLAIMS, scene }),
  ],
  checks: [
    () =>
      'Version 1 has no exp, no jti and no binding to a request: it can be replayed. Use version 2.',
  ],
}
