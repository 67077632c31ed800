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

/** How many bits the RSA key may have that a JWE is encrypted to: those of this service have 2048. */
interface KeySize {
  readonly least: number
  readonly most: number
}

const OWN_KEY: KeySize = { least: 2048, most: 2048 }
const ANY_KEY: KeySize = { least: 2048, most: 4096 }

interface JweKind {
  readonly kind: Kind
  readonly title: string
  isIt(header: JsonObject): boolean
  readonly keyId: Note
  readonly keySize: KeySize
  /** What the ciphertext holds. */
  readonly content: string
}

/** Every kind of JWE, the first that fits is taken. */
const KINDS: readonly JweKind[] = [
  {
    kind: 'mle',
    title: 'Message-level encryption, a JWE: a whole request or reply',
    // A token request may say when it was made too; the key that it is encrypted to tells it.
    isIt: ({ iat, kid }) => iat !== undefined && !SESSION_KID.test(textOf(kid)),
    keyId: {
      name: 'kid',
      required: true,
      meaning: 'the key that opens it: of the service for a request, of the merchant for a reply',
    },
    keySize: ANY_KEY,
    content: 'the body in clear; only the owner of the key can open it',
  },
  {
    kind: 'token-request',
    title: 'Token request, a JWE: card data encrypted to a session key',
    isIt: ({ kid, cty }) =>
      cty === undefined && (kid === undefined || SESSION_KID.test(textOf(kid))),
    keyId: SESSION_KEY_ID,
    keySize: OWN_KEY,
    content: 'data, context and index; only the service can open it',
  },
  {
    kind: 'payment-credentials',
    title: 'Payment credentials, a JWE to a merchant’s registered key',
    isIt: ({ cty }) => textOf(cty).toUpperCase() === 'JWT',
    keyId: { name: 'kid', required: true, meaning: 'the merchant’s key that opens it' },
    keySize: ANY_KEY,
    content: 'a JWT with card data; only the merchant’s private key opens it',
  },
  {
    kind: 'jwe',
    title: 'JWE of another kind: no token request',
    isIt: () => true,
    keyId: SESSION_KEY_ID,
    keySize: ANY_KEY,
    content: 'nobody can tell without the key',
  },
]

interface Length {
  readonly name: string
  /** From least to most. */
  readonly bytes: readonly [number, number]
  readonly meaning: string
}

/** The parts behind the header, and how long they are for RSA and AES-256-GCM (RFC 7518 §4.3, §5.3). */
function lengthsOf({ keySize: { least, most }, content }: JweKind): readonly Length[] {
  const meaning = 'the content key, encrypted to the key of its recipient'
  return [
    { name: 'encrypted key', bytes: [least / 8, most / 8], meaning },
    { name: 'iv', bytes: [12, 12], meaning: 'initialisation vector' },
    { name: 'ciphertext', bytes: [1, Infinity], meaning: content },
    { name: 'tag', bytes: [16, 16], meaning: 'proves that nothing was changed' },
  ]
}

/** Explains a compact JWE, given by its five parts and its header. Nothing is decrypted. */
export function reportJwe(parts: readonly string[], header: JsonObject, now: number): Report {
  const [headerPart = '', ...rest] = parts
  const scene = { header, claims: {}, now }
  const kind = KINDS.find((candidate) => candidate.isIt(header)) ?? KINDS[0]
  if (kind === undefined) throw new RangeError('there is no kind of JWE')
  const times = kind.kind === 'mle' ? [IAT] : []
  const notes = [kind.keyId, ENCRYPTION_ALG, ENCRYPTION_ENC, ZIP, ...times, ...COMMON_HEADER]
  const members = explainMembers({ title: 'header', prefix: 'header ' }, header, { notes, scene })
  const lengths = explainLengths(rest, kind)
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

function explainLengths(parts: readonly string[], kind: JweKind): Explained {
  const read = lengthsOf(kind).map((expected, index) => {
    return { ...expected, ...toLength(parts[index] ?? '') }
  })
  const rows = read.map(({ name, length, meaning }) => {
    return { name, value: count(length, 'byte'), meaning }
  })
  const problems = read.flatMap(({ name, length, bytes: [least, most], fault }) => [
    ...(fault === undefined ? [] : [`The ${name} ${fault}.`]),
    ...(length === 0 ? [`The ${name} is empty.`] : []),
    ...(length > 0 && (length < least || length > most)
      ? [
          `The ${name} has ${count(length, 'byte')}; it must have ${least === most ? least : `${least} to ${most}`}.`,
        ]
      : []),
  ])
  return { part: { title: 'parts', rows }, problems }
}

function toLength(part: string): { readonly length: number; readonly fault: string | undefined } {
  const { bytes, fault } = readBase64Url(part)
  return { length: bytes.length, fault }
}
