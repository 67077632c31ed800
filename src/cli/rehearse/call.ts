import { compactDecrypt } from 'jose'
import { systemClock, systemRandom, epochSeconds } from '../../clock-and-random.ts'
import { FlexError } from '../../client/flex-error.ts'
import { send, type ParseReply } from '../../client/send.ts'
import { encryptJwe } from '../../jose/encrypt-jwe.ts'
import {
  objectMember,
  parseJsonObject,
  stringMember,
  type JsonObject,
} from '../../protocol/parse.ts'
import type { CertificateCredential, RequestKey } from './configuration.ts'
import type { Sign } from './signers.ts'

/** How one way makes its calls. */
export interface Caller {
  readonly url: string
  readonly sign: Sign
  /** Undefined sends bodies plain. */
  readonly encryptTo?: RequestKey | undefined
  /** Undefined asks for plain replies. */
  readonly decryptWith?: CertificateCredential | undefined
}

/** One operation of a merchant. */
export interface Operation {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The media type asked for. */
  readonly accept: string
  readonly json?: unknown
}

/** What a call came to: what was read of its reply, or why there is nothing. */
export type Called<Reply> =
  | { readonly ok: true; readonly reply: Reply; readonly wasEncrypted: boolean }
  | {
      readonly ok: false
      readonly error: FlexError
      /** What the reply says for developers; empty where it says nothing. */
      readonly coatcheck: JsonObject
    }

/** Makes one call as a client of this way would: signs it afresh, encrypts it, decrypts the reply. */
export async function call<Reply>(
  caller: Caller,
  { method, path, accept, json }: Operation,
  parse: ParseReply<Reply>,
): Promise<Called<Reply>> {
  const { url, sign, encryptTo, decryptWith } = caller
  const plain = json === undefined ? undefined : JSON.stringify(json)
  const body = plain !== undefined && encryptTo ? encryptBody(plain, encryptTo) : plain
  const payload = body === undefined ? {} : { body }
  const request = { method, target: path, host: new URL(url).host, ...payload }
  const signed = await sign(request, systemClock(), decryptWith?.keyId)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const seen: Seen = { text: '', encryption: 'none' }
  const openReply: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    Object.assign(seen, await openBody(await response.text(), decryptWith))
    const { status, headers } = response
    return new Response(seen.text === '' ? null : seen.text, { status, headers })
  }
  const readReply: ParseReply<Reply> = (text) => {
    if (seen.encryption === 'unreadable') throw new FlexError('REPLY_NOT_DECRYPTED', UNREADABLE)
    return parse(text)
  }
  try {
    const reply = await send(
      { method, url: url + path, headers: { accept, ...type, ...signed }, ...payload },
      { fetch: openReply },
      readReply,
    )
    return { ok: true, reply, wasEncrypted: seen.encryption === 'opened' }
  } catch (error) {
    if (!(error instanceof FlexError)) throw error
    const coatcheck = objectMember(parseJsonObject(seen.text) ?? {}, 'coatcheck') ?? {}
    return { ok: false, error, coatcheck }
  }
}

const UNREADABLE = { message: 'The reply is encrypted, but not to the key that is configured' }

/** The body of a reply, decrypted where it could be. */
interface Seen {
  readonly text: string
  readonly encryption: 'none' | 'opened' | 'unreadable'
}

function encryptBody(plain: string, { kid, publicKey }: RequestKey): string {
  const recipient = { kid, publicKey, issuedAt: epochSeconds(systemClock) }
  return JSON.stringify({ encryptedRequest: encryptJwe(plain, recipient, systemRandom.bytes) })
}

const ALGORITHMS = {
  keyManagementAlgorithms: ['RSA-OAEP-256', 'RSA-OAEP'],
  contentEncryptionAlgorithms: ['A256GCM', 'A128GCM'],
}

async function openBody(
  text: string,
  credential: CertificateCredential | undefined,
): Promise<Seen> {
  const jwe = stringMember(parseJsonObject(text) ?? {}, 'encryptedResponse')
  if (jwe === undefined || credential === undefined) return { text, encryption: 'none' }
  try {
    const { plaintext } = await compactDecrypt(jwe, credential.privateKey, ALGORITHMS)
    return { text: Buffer.from(plaintext).toString('utf8'), encryption: 'opened' }
  } catch {
    return { text, encryption: 'unreadable' }
  }
}
