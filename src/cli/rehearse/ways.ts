import type { Configuration } from './configuration.ts'
import type { SchemeName } from './signers.ts'

/** A way to talk to a service, as a row of the readiness table. */
export interface Way {
  readonly name: WayName
  readonly title: string
  /** The schemes it can be signed in, the preferred one first. */
  readonly schemes: readonly SchemeName[]
  /** What is encrypted. Default is nothing. */
  readonly encrypts?: 'request' | 'reply'
  /** What there must be beside something to sign with. Default is nothing. */
  isConfigured?(configuration: Configuration): boolean
  /** What is lacking when there is no such thing, and how to come by it. */
  readonly lacking: string
  /** What to change when it is refused and the service gives no reason. */
  readonly fix: string
}

/** The name of a way, as `--only` takes it. */
export type WayName = SchemeName | 'mle-request' | 'mle-reply'

const NO_SECRET = 'no shared secret: name one with --key-id and --secret-file'
const NO_P12 =
  'no p12: name one with --p12 ("coatcheck dev --credentials <file>" makes one, "coatcheck credentials add <merchant> --p12 <file>" too)'

/** Every way, in the order of the table. */
export const WAYS: readonly Way[] = [
  {
    name: 'http-signature',
    title: 'HTTP Signature',
    schemes: ['http-signature'],
    lacking: NO_SECRET,
    fix: 'Compare merchant id, key id and secret with those of the service, and the clock with its clock. A host that has retired HTTP Signature needs JWT version 2.',
  },
  {
    name: 'jwt-v1',
    title: 'JWT v1, p12',
    schemes: ['jwt-v1'],
    lacking: NO_P12,
    fix: 'Register the certificate of the p12. A host that has retired version 1 needs version 2: update the client.',
  },
  {
    name: 'jwt-v2-secret',
    title: 'JWT v2, shared secret',
    schemes: ['jwt-v2-secret'],
    lacking: NO_SECRET,
    fix: 'Compare merchant id, key id and secret with those of the service, and the clock with its clock.',
  },
  {
    name: 'jwt-v2-p12',
    title: 'JWT v2, p12',
    schemes: ['jwt-v2-p12'],
    lacking: `${NO_P12}; its subject needs a serialNumber`,
    fix: 'Register the certificate of the p12 under the serialNumber of its subject.',
  },
  {
    name: 'mle-request',
    title: 'MLE of requests',
    schemes: ['jwt-v2-p12', 'jwt-v2-secret'],
    encrypts: 'request',
    isConfigured: ({ mleRequest }) => mleRequest !== undefined,
    lacking:
      'no certificate of the service to encrypt to, or no JWT v2: name it with --mle-certificate ("coatcheck keys certificate <file>" writes it)',
    fix: 'Encrypt to the certificate that this very host publishes.',
  },
  {
    name: 'mle-reply',
    title: 'MLE of replies',
    schemes: ['jwt-v2-p12', 'jwt-v2-secret'],
    encrypts: 'reply',
    isConfigured: ({ mleReply }) => mleReply !== undefined,
    lacking:
      'no private key to decrypt with, or no JWT v2: name a p12 whose certificate is registered, with --p12 or --mle-reply-p12',
    fix: 'Register the certificate: "coatcheck credentials add <merchant> --mle-certificate <file>".',
  },
]
