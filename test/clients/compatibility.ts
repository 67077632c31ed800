/** A way to authenticate, as a client is configured for it. */
export type ClientAuthentication = 'http_signature' | 'jwt_shared_secret' | 'jwt_p12'

/** What a client does with a way to authenticate: which JWT it sends, if any. */
export interface Authenticates {
  readonly authentication: ClientAuthentication
  readonly jwt?: 1 | 2
}

/** An official client, and how it is known that it works. */
export interface ClientRow {
  readonly language: string
  readonly version: string
  /**
   * `run`: this version itself is run against the emulator by the tests. `recorded`: what it sent once is verified by
   * them. `read`: its source was read.
   */
  readonly evidence: 'run' | 'recorded' | 'read'
  readonly authenticates: readonly Authenticates[]
  /** Whether message-level encryption, of requests and replies, is run. Default is no. */
  readonly encrypts?: true
  readonly remark: string
}

/** A version of the Node client that the tests run. */
export interface NodeClient extends ClientRow {
  /** The name under which it is installed. */
  readonly package: string
  /** Its operations that return payment details: by the token, and (later) by its jti. */
  readonly details: readonly ('payment-details' | 'payment-details-v1')[]
  /** Whether it has a utility that verifies capture contexts, with a key that it asks for over https. */
  readonly parsesContexts: boolean
  /** With HTTP Signature it signs one date and sends another, when a second ends in between. */
  readonly datesTwice: boolean
}

const HTTP_SIGNATURE = { authentication: 'http_signature' } as const
const P12_V1 = { authentication: 'jwt_p12', jwt: 1 } as const
const P12_V2 = { authentication: 'jwt_p12', jwt: 2 } as const
const SHARED_SECRET = { authentication: 'jwt_shared_secret', jwt: 2 } as const

const TWICE = 'dates a request twice, so that HTTP Signature fails when a second ends in between'

const NODE = { language: 'Node', evidence: 'run' } as const

/** The versions of the Node client that the tests run. */
export const NODE_CLIENTS: readonly NodeClient[] = [
  {
    ...NODE,
    version: '0.0.83',
    package: 'cybersource-rest-client',
    authenticates: [HTTP_SIGNATURE, SHARED_SECRET, P12_V2],
    details: ['payment-details', 'payment-details-v1'],
    parsesContexts: true,
    datesTwice: false,
    encrypts: true,
    remark: 'current',
  },
  {
    ...NODE,
    version: '0.0.80',
    package: 'client-0.0.80',
    authenticates: [HTTP_SIGNATURE, SHARED_SECRET, P12_V2],
    details: ['payment-details', 'payment-details-v1'],
    parsesContexts: true,
    datesTwice: true,
    encrypts: true,
    remark: TWICE,
  },
  {
    ...NODE,
    version: '0.0.75',
    package: 'client-0.0.75',
    authenticates: [HTTP_SIGNATURE, P12_V1],
    details: ['payment-details-v1'],
    parsesContexts: true,
    datesTwice: true,
    remark: `payment details by the token only; ${TWICE}`,
  },
  {
    ...NODE,
    version: '0.0.61',
    package: 'client-0.0.61',
    authenticates: [HTTP_SIGNATURE, P12_V1],
    details: ['payment-details-v1'],
    parsesContexts: false,
    datesTwice: true,
    remark: `the first with \`FlexAPIApi\`; payment details by the token only; ${TWICE}`,
  },
]

/** The versions of the Node client that are run with message-level encryption forced on, and how they authenticate. */
export const MLE_CLIENTS: readonly {
  readonly version: string
  readonly package: string
  readonly ways: readonly ClientAuthentication[]
}[] = NODE_CLIENTS.filter(({ encrypts }) => encrypts).map(({ authenticates, ...client }) => ({
  ...client,
  ways: authenticates.flatMap(({ authentication, jwt }) => (jwt === 2 ? [authentication] : [])),
}))

/** Every official client that anything is known of. */
export const CLIENTS: readonly ClientRow[] = [
  ...NODE_CLIENTS,
  {
    language: 'Node',
    version: '0.0.44',
    evidence: 'recorded',
    authenticates: [HTTP_SIGNATURE],
    remark: 'signs `(request-target)`; https only; has no operation that this service has',
  },
  {
    language: 'PHP',
    version: '0.0.68',
    evidence: 'recorded',
    authenticates: [HTTP_SIGNATURE, P12_V1],
    remark:
      'hours of one digit, line breaks in `x5c`, an empty `kid`; dates in the zone of the process',
  },
  {
    language: 'PHP',
    version: 'after 0.0.68',
    evidence: 'read',
    authenticates: [P12_V2],
    remark: 'the source of its JWT only',
  },
  {
    language: 'Python',
    version: '0.0.76',
    evidence: 'read',
    authenticates: [HTTP_SIGNATURE, P12_V2],
    remark: '`digestAlgorithm`, the method in upper case',
  },
  {
    language: '.NET Standard',
    version: 'of May 2026',
    evidence: 'read',
    authenticates: [HTTP_SIGNATURE, P12_V2],
    remark: 'as Python',
  },
  {
    language: 'Ruby',
    version: 'of December 2025',
    evidence: 'read',
    authenticates: [HTTP_SIGNATURE, P12_V1],
    remark: '`iat` in seconds',
  },
  {
    language: 'Ruby',
    version: 'later',
    evidence: 'read',
    authenticates: [HTTP_SIGNATURE, P12_V2],
    remark: 'as Python',
  },
  {
    language: 'Java',
    version: '0.0.8x',
    evidence: 'read',
    authenticates: [HTTP_SIGNATURE],
    remark: 'the source of its JWT is not published',
  },
]

/** What is known of a client, or of its platform, over https with the authority of `coatcheck dev --https`. */
export interface HttpsRow {
  readonly client: string
  readonly evidence: ClientRow['evidence']
  /** How its calls get to a host with a certificate of an authority of one's own. */
  readonly calls: string
  /** How its utility that verifies capture contexts does, which calls `https://<run environment>` and nothing else. */
  readonly utility: string
}

const BY_ENVIRONMENT = '`NODE_EXTRA_CA_CERTS`'

/** Every client that anything is known of over https. */
export const HTTPS_CLIENTS: readonly HttpsRow[] = [
  ...NODE_CLIENTS.map(({ language, evidence, version, parsesContexts }) => ({
    client: `${language} ${version}`,
    evidence,
    calls: BY_ENVIRONMENT,
    utility: parsesContexts ? BY_ENVIRONMENT : 'has none',
  })),
  {
    client: 'PHP',
    evidence: 'read',
    calls: 'no: it has a CA list of its own; plain http, by its intermediate host',
    utility: '`php -d curl.cainfo=`',
  },
  {
    client: 'Python',
    evidence: 'read',
    calls: '`certifi.where`',
    utility: '`certifi.where`',
  },
  {
    client: 'Java',
    evidence: 'read',
    calls: '`-Djavax.net.ssl.trustStore=`',
    utility: '`-Djavax.net.ssl.trustStore=`',
  },
  {
    client: 'Ruby',
    evidence: 'read',
    calls: '`Typhoeus.before`',
    utility: '`Typhoeus.before`',
  },
]
