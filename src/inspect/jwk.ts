import type { JsonObject } from '../protocol/parse.ts'
import { readBase64Url } from './base64url.ts'
import { SESSION_KID, SIGNING_KID } from './kid-notes.ts'
import { explainMembers, mustBeText, type Check, type Note } from './note.ts'
import type { Explained, Report, Scene } from './report.ts'
import { count, showText, showValue, textOf } from './show-value.ts'

const LEAST_BITS = 2048
const PRIVATE_MEMBERS: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const hidden = (): string => '(not shown)'
const mustNotBeHere: Check = () =>
  'belongs to a private or secret key: who has it can sign and decrypt'

/** Returns how many bits a modulus has, written in base64url; 0 when it is no text. */
function modulusBits(n: unknown): number {
  const { bytes } = readBase64Url(textOf(n))
  const hex = Buffer.from(bytes).toString('hex').replace(/^0+/, '')
  const [first = '0'] = hex
  return hex === '' ? 0 : hex.length * 4 - (Math.clz32(Number.parseInt(first, 16)) - 28)
}

const checkModulus: Check = (value) => {
  const bits = modulusBits(value)
  if (bits < LEAST_BITS) return `has ${count(bits, 'bit')}: too short, ${LEAST_BITS} is the least`
  return checkBase64Url(value)
}

function checkBase64Url(value: unknown): string | undefined {
  return readBase64Url(typeof value === 'string' ? value : ' ').fault
}

/** What is known of the members of an RSA key. Its secret members are named, never shown. */
const JWK: readonly Note[] = [
  {
    name: 'kty',
    required: true,
    meaning: 'kind of key',
    check: (value) => (value === 'RSA' ? undefined : 'must be RSA'),
  },
  {
    name: 'kid',
    required: true,
    meaning: (value) => kidMeaning(textOf(value)),
    check: mustBeText,
  },
  {
    name: 'use',
    meaning: (value) =>
      value === 'enc'
        ? '“enc” is what the wire says, of keys that sign too: verifiers must not insist on “sig”'
        : 'what the key is for',
  },
  { name: 'alg', meaning: 'the algorithm that it is for' },
  {
    name: 'n',
    required: true,
    show: (value) => count(modulusBits(value), 'bit'),
    meaning: (value) => `modulus ${showText(textOf(value), 12)}`,
    check: checkModulus,
  },
  {
    name: 'e',
    required: true,
    meaning: (value) => (value === 'AQAB' ? 'public exponent 65537' : 'public exponent'),
    check: checkBase64Url,
  },
  ...PRIVATE_MEMBERS.map((name): Note => {
    return { name, meaning: 'secret half of the key', show: hidden, check: mustNotBeHere }
  }),
]

function kidMeaning(kid: string): string {
  if (SESSION_KID.test(kid)) return 'form of a session key: one session’s own'
  return SIGNING_KID.test(kid) ? 'form of a signing key: it signs capture contexts' : 'its id'
}

/** Explains one key. `title` says where it stands; in sentences its members are called by it too. */
export function explainJwk(title: string, jwk: JsonObject, scene: Scene): Explained {
  return explainMembers({ title, prefix: `${title}.` }, jwk, { notes: JWK, scene })
}

/** Explains a key, or a set of keys, that was pasted as JSON. */
export function reportKeys(keys: readonly JsonObject[], isSet: boolean, now: number): Report {
  const scene: Scene = { header: {}, claims: {}, now }
  const explained = keys.map((key, index) =>
    explainJwk(isSet ? `keys[${index}]` : 'jwk', key, scene),
  )
  const problems = explained.flatMap((each) => each.problems)
  const kids = keys.map((key) => key['kid'])
  if (new Set(kids).size < kids.length)
    problems.push('Two keys have the same kid: a kid names one key.')
  if (keys.length === 0) problems.push('The set has no keys.')
  return {
    kind: isSet ? 'jwks' : 'jwk',
    title: isSet ? `JWKS, ${count(keys.length, 'key')}` : `JWK, ${showValue(keys[0]?.['kty'])}`,
    parts: explained.map(({ part }) => part),
    problems,
  }
}
