import { parseJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import { readBase64Url } from './base64url.ts'
import { CAPTURE_CONTEXT } from './capture-context.ts'
import type { JwtKind } from './jwt-kind.ts'
import { MERCHANT_JWT_V1, MERCHANT_JWT_V2 } from './merchant-jwt.ts'
import { explainMembers } from './note.ts'
import type { Explained, Report, Scene } from './report.ts'
import { count } from './show-value.ts'
import { TRANSIENT_TOKEN } from './transient-token.ts'
import { UNKNOWN_JWT } from './unknown-jwt.ts'

/** Every kind of JWT, the first that fits is taken. */
const KINDS: readonly JwtKind[] = [
  CAPTURE_CONTEXT,
  TRANSIENT_TOKEN,
  MERCHANT_JWT_V2,
  MERCHANT_JWT_V1,
  UNKNOWN_JWT,
]

/** Explains a compact JWS, given by its three parts and its header. Nothing of it is verified. */
export function reportJwt(parts: readonly string[], header: JsonObject, now: number): Report {
  const [headerPart = '', claimsPart = '', signaturePart = ''] = parts
  const read = readBase64Url(claimsPart)
  const claims = parseJsonObject(read.bytes.toString('utf8'))
  const scene: Scene = { header, claims: claims ?? {}, now }
  const kind = KINDS.find((candidate) => candidate.isIt(scene)) ?? UNKNOWN_JWT
  const explained = [
    explainMembers({ title: 'header', prefix: 'header ' }, header, { notes: kind.header, scene }),
    ...(claims === undefined ? [notJson(read.bytes.length)] : kind.explain(scene)),
    explainSignature(signaturePart, stringMember(header, 'alg') ?? ''),
  ]
  const forms = [
    ['The header', readBase64Url(headerPart).fault],
    ['The payload', read.fault],
  ] as const
  return {
    kind: kind.kind,
    title: kind.title(scene),
    parts: explained.map(({ part }) => part),
    problems: [
      ...forms.flatMap(([name, fault]) => (fault === undefined ? [] : [`${name} ${fault}.`])),
      ...explained.flatMap(({ problems }) => problems),
      ...(claims === undefined ? [] : kind.checks.flatMap((check) => check(scene) ?? [])),
    ],
  }
}

function notJson(length: number): Explained {
  const row = {
    name: 'payload',
    value: count(length, 'byte'),
    meaning: 'not a JSON object; not shown',
  }
  return {
    part: { title: 'claims', rows: [row] },
    problems: ['The payload is not a JSON object: this is no JWT.'],
  }
}

/** How long a signature is, by its algorithm or the first two letters of that. */
const SIGNATURE_BYTES: ReadonlyMap<string, readonly number[]> = new Map([
  ['HS256', [32]],
  ['HS384', [48]],
  ['HS512', [64]],
  ['RS', [256, 384, 512]],
  ['PS', [256, 384, 512]],
  ['ES256', [64]],
  ['ES384', [96]],
  ['ES512', [132]],
])

function explainSignature(text: string, alg: string): Explained {
  const { bytes, fault } = readBase64Url(text)
  const lengths = SIGNATURE_BYTES.get(alg) ?? SIGNATURE_BYTES.get(alg.slice(0, 2))
  const hasWrongLength = lengths !== undefined && !lengths.includes(bytes.length)
  const problems = [
    ...(text === '' ? ['There is no signature.'] : []),
    ...(fault === undefined ? [] : [`The signature ${fault}.`]),
    ...(text !== '' && hasWrongLength
      ? [`The signature has ${count(bytes.length, 'byte')}; ${alg} makes ${lengths.join(', ')}.`]
      : []),
  ]
  const row = { name: 'signature', value: count(bytes.length, 'byte'), meaning: 'not verified' }
  return { part: { title: 'signature', rows: [row] }, problems }
}
