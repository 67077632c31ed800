import { createSecretKey, X509Certificate } from 'node:crypto'
import type { SealContent } from '../jose/seal.ts'
import {
  booleanMember,
  numberMember,
  objectMember,
  parseJsonObject,
  stringMember,
  stringsMember,
  type JsonObject,
} from '../protocol/parse.ts'
import { STRICT, type Allowances, type Credential, type Merchant } from './merchant.ts'

// How merchants and credentials are written as the content of sealed records.

/** Writes a merchant; its id is the record's name. */
export function encodeMerchant({ id: _id, ...members }: Merchant): Buffer {
  return encode(members)
}

/** Reads a merchant of that id. */
export function decodeMerchant(id: string, opened: SealContent): Merchant {
  const members = decode(opened)
  return {
    id,
    sessionKeys: stringMember(members, 'sessionKeys') === 'rotated' ? 'rotated' : 'one-time',
    tokensPerSession: numberMember(members, 'tokensPerSession'),
    attemptsPerSession: numberMember(members, 'attemptsPerSession'),
    ...decodeSettings(members),
    createdAt: numberMember(members, 'createdAt') ?? 0,
    disabledAt: numberMember(members, 'disabledAt'),
  }
}

type Settings = Pick<
  Merchant,
  | 'sessionSeconds'
  | 'tokenSeconds'
  | 'usesPerToken'
  | 'pageOrigins'
  | 'releaseCertificate'
  | 'entitled'
  | 'jwtV1'
>

/** Reads what a merchant was set to; what was not set is no member. */
function decodeSettings(members: JsonObject): Settings {
  const settings: Settings = {
    sessionSeconds: numberMember(members, 'sessionSeconds'),
    tokenSeconds: numberMember(members, 'tokenSeconds'),
    usesPerToken: numberMember(members, 'usesPerToken'),
    pageOrigins: stringsMember(members, 'pageOrigins'),
    releaseCertificate: stringMember(members, 'releaseCertificate'),
    entitled: booleanMember(members, 'entitled'),
    jwtV1: booleanMember(members, 'jwtV1'),
  }
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) Reflect.deleteProperty(settings, name)
  }
  return settings
}

/** What a credential consists of: the decoded shared secret, or a certificate in PEM and what that is for. */
export type CredentialMaterial =
  | { readonly kind: 'shared-secret'; readonly secret: Buffer }
  | { readonly kind: 'certificate' | 'mle-certificate'; readonly certificate: string }

/** A credential as it is stored; key id and owner are those of the record. */
export interface CredentialContent {
  readonly material: CredentialMaterial
  readonly allows: Allowances
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch. */
  readonly revokedAt: number | undefined
}

/** Writes a credential. */
export function encodeCredential({ material, ...members }: CredentialContent): Buffer {
  const shown =
    material.kind === 'shared-secret'
      ? { secret: material.secret.toString('base64') }
      : {
          certificate: material.certificate,
          ...(material.kind === 'mle-certificate' ? FOR_MLE : {}),
        }
  return encode({ ...members, ...shown })
}

/** Reads what {@link encodeCredential} wrote. The caller wipes a secret. */
export function decodeCredentialContent(opened: SealContent): CredentialContent {
  const members = decode(opened)
  const certificate = stringMember(members, 'certificate')
  return {
    material:
      certificate === undefined
        ? {
            kind: 'shared-secret',
            secret: Buffer.from(stringMember(members, 'secret') ?? '', 'base64'),
          }
        : { kind: readCertificateKind(members), certificate },
    allows: decodeAllowances(objectMember(members, 'allows') ?? {}),
    createdAt: numberMember(members, 'createdAt') ?? 0,
    revokedAt: numberMember(members, 'revokedAt'),
  }
}

// Certificates were only for signing once, and say nothing of it.
const FOR_MLE = { use: 'mle' } as const

function readCertificateKind(members: JsonObject): 'certificate' | 'mle-certificate' {
  return stringMember(members, 'use') === FOR_MLE.use ? 'mle-certificate' : 'certificate'
}

/** Reads a credential of that key id, its key imported. */
export function decodeCredential(keyId: string, opened: SealContent): Credential {
  const { material, ...content } = decodeCredentialContent(opened)
  const common = { keyId, merchantId: opened.owner, ...content }
  if (material.kind !== 'shared-secret') {
    return { ...common, kind: material.kind, ...readCertificate(material.certificate) }
  }
  const secret = createSecretKey(material.secret)
  material.secret.fill(0)
  return { ...common, kind: 'shared-secret', secret }
}

function readCertificate(
  pem: string,
): Pick<Extract<Credential, { kind: 'certificate' }>, 'publicKey' | 'fingerprint' | 'notAfter'> {
  const certificate = new X509Certificate(pem)
  return {
    publicKey: certificate.publicKey,
    fingerprint: fingerprintOf(certificate),
    notAfter: Math.floor(certificate.validToDate.getTime() / 1000),
  }
}

/** The SHA-256 of a certificate's DER, lower-case hex: the name under which it is found. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

function decodeAllowances(members: JsonObject): Allowances {
  return {
    jwtV1: members['jwtV1'] === true,
    undated: members['undated'] === true,
    merchants: stringsMember(members, 'merchants') ?? STRICT.merchants,
  }
}

function encode(members: object): Buffer {
  return Buffer.from(JSON.stringify(members), 'utf8')
}

function decode({ content }: SealContent): JsonObject {
  const members = parseJsonObject(content.toString('utf8'))
  content.fill(0)
  if (members === undefined) throw new TypeError('a sealed record holds no JSON object')
  return members
}
