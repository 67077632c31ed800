import type { JsonObject } from '../protocol/parse.ts'
import { COMMON_HEADER, ENCRYPTION_ALG, ENCRYPTION_ENC } from './algorithms.ts'
import { readBase64Url } from './base64url.ts'
import { SESSION_KEY_ID, SESSION_KID } from './kid-notes.ts'
import { explainMembers, type Note } from './note.ts'
import type { Explained, Kind, Report } from './report.ts'
import { count, textOf } from './show-value.ts'
import { IAT } from './time-notes.ts'

const ZIP: Note = {
  name: 'zip',
  meaning: 'compression',
  check: () => 'asks for compression, which is refused',
}

interface JweKind {
  readonly kind: Kind
  readonly title: string
  isIt(header: JsonObject): boolean
  readonly keyId: Note
  /** What the ciphertext holds. */
  readonly content: string
}

/** Every kind of JWE, the first that fits is taken. */
const KINDS: readonly JweKind[] = [
  {
    kind: 'mle',
    title: 'Message-level encryption, a JWE: a whole request or reply',
    isIt: ({ iat }) => iat !== undefined,
    keyId: {
      name: 'kid',
      required: true,
      meaning: 'the key that opens it: of the service for a request, of the merchant for a reply',
    },
    content: 'the body in clear; only the owner of the key can open it',
  },
  {
    kind: 'token-request',
    title: 'Token request, a JWE: card data encrypted to a session key',
    isIt: ({ kid, cty }) =>
      cty === undefined && (kid === undefined || SESSION_KID.test(textOf(kid))),
    keyId: SESSION_KEY_ID,
    content: 'data, context and index; only the service can open it',
  },
  {
    kind: 'payment-credentials',
    title: 'Payment credentials, a JWE to a merchant’s registered key',
    isIt: ({ cty }) => textOf(cty).toUpperCase() === 'JWT',
    keyId: { name: 'kid', required: true, meaning: 'the merchant’s key that opens it' },
    content: 'a JWT with card data; only the merchant’s private key opens it',
  },
  {
    kind: 'jwe',
    title: 'JWE of another kind: no token request',
    isIt: () => true,
    keyId: SESSION_KEY_ID,
    content: 'nobody can tell without the key',
  },
]

/** The parts behind the header, and how long they are for RSA-2048 and AES-256-GCM (RFC 7518 §4.3, §5.3). */
const LENGTHS: readonly {
  readonly name: string
  readonly bytes: number | undefined
  readonly meaning: string
}[] = [
  { name: 'encrypted key', bytes: 256, meaning: 'the content key, encrypted to RSA-2048' },
  { name: 'iv', bytes: 12, meaning: 'initialisation vector' },
  { name: 'ciphertext', bytes: undefined, meaning: '' },
  { name: 'tag', bytes: 16, meaning: 'proves that nothing was changed' },
]

/** Explains a compact JWE, given by its five parts and its header. Nothing is decrypted. */
export function reportJwe(parts: readonly string[], header: JsonObject, now: number): Report {
  const [headerPart = '', ...rest] = parts
  const scene = { header, claims: {}, now }
  const kind = KINDS.find((candidate) => candidate.isIt(header)) ?? KINDS[0]
  if (kind === undefined) throw new RangeError('there is no kind of JWE')
  const times = kind.kind === 'mle' ? [IAT] : []
  const notes = [kind.keyId, ENCRYPTION_ALG, ENCRYPTION_ENC, ZIP, ...times, ...COMMON_HEADER]
  const members = explainMembers({ title: 'header', prefix: 'header ' }, header, { notes, scene })
  const lengths = explainLengths(rest, kind.content)
  const { fault } = readBase64Url(headerPart)
  return {
    kind: kind.kind,
    title: kind.title,
    parts: [members.part, lengths.part],
    problems: [
      ...(fault === undefined ? [] : [`The header ${fault}.`]),
      ...members.problems,
      ...lengths.problems,
    ],
  }
}

function explainLengths(parts: readonly string[], content: string): Explained {
  const read = LENGTHS.map((expected, index) => {
    return { ...expected, ...toLength(parts[index] ?? '') }
  })
  const rows = read.map(({ name, length, meaning }) => {
    return { name, value: count(length, 'byte'), meaning: meaning || content }
  })
  const problems = read.flatMap(({ name, length, bytes, fault }) => [
    ...(fault === undefined ? [] : [`The ${name} ${fault}.`]),
    ...(length === 0 ? [`The ${name} is empty.`] : []),
    ...(length > 0 && bytes !== undefined && length !== bytes
      ? [`The ${name} has ${count(length, 'byte')}; it must have ${bytes}.`]
      : []),
  ])
  return { part: { title: 'parts', rows }, problems }
}

function toLength(part: string): { readonly length: number; readonly fault: string | undefined } {
  const { bytes, fault } = readBase64Url(part)
  return { length: bytes.length, fault }
}
