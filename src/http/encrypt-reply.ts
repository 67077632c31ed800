import { epochSeconds, type Now } from '../clock-and-random.ts'
import { encryptJwe, type JweRecipient } from '../jose/encrypt-jwe.ts'
import type { Authenticated } from '../merchant/authenticate.ts'
import type { Credential, Identity } from '../merchant/merchant.ts'
import { refuseMle, showKid, type MleRefusalReason } from './mle-refusals.ts'
import type { Reply } from './reply.ts'

/** What encrypting replies needs. */
export interface EncryptReplyNeeds {
  /** Finds a credential and its owner by key id; undefined when nobody has it. */
  findCredential(keyId: string): Promise<Identity | undefined>
  readonly now: Now
  randomBytes(count: number): Buffer
}

/** The key that a merchant wants its reply encrypted to. */
export type ReplyKey = Pick<JweRecipient, 'kid' | 'publicKey'>

/**
 * Finds the key to which a request asks its reply to be encrypted: a certificate of the merchant, or of the one that signed
 * for it. Undefined when the request asks for none.
 *
 * @throws ServiceError `MLE_RESPONSE_REFUSED` when there is no such certificate, or it is not good any more.
 */
export async function findReplyKey(
  needs: EncryptReplyNeeds,
  { responseMleKid: kid, merchant, credential }: Authenticated,
): Promise<ReplyKey | undefined> {
  if (kid === undefined) return undefined
  const found = (await needs.findCredential(kid))?.credential
  const isOwn = found?.merchantId === merchant.id || found?.merchantId === credential.merchantId
  // Another merchant's is as unknown as one that nobody has.
  if (found === undefined || !isOwn || found.kind === 'shared-secret') {
    throw refuse('MLE_NO_RESPONSE_KEY', kid)
  }
  checkGood(found, needs)
  return { kid, publicKey: found.publicKey }
}

function checkGood(
  credential: Exclude<Credential, { kind: 'shared-secret' }>,
  { now }: EncryptReplyNeeds,
): void {
  const { keyId, revokedAt, notAfter } = credential
  if (revokedAt !== undefined) throw refuse('MLE_RESPONSE_KEY_REVOKED', keyId)
  if (notAfter <= epochSeconds(now)) throw refuse('MLE_RESPONSE_KEY_EXPIRED', keyId)
}

function refuse(reason: MleRefusalReason, kid: string): ReturnType<typeof refuseMle> {
  return refuseMle('MLE_RESPONSE_REFUSED', reason, { received: showKid(kid) })
}

/** Encrypts a reply of JSON as `{"encryptedResponse": "<compact JWE>"}`. Clients take a JWT only as it is: it stays plain. */
export function encryptReply(needs: EncryptReplyNeeds, reply: Reply, key: ReplyKey): Reply {
  if (reply.contentType !== 'application/json') return reply
  const recipient = { ...key, issuedAt: epochSeconds(needs.now) }
  const encryptedResponse = encryptJwe(reply.body, recipient, (count) => needs.randomBytes(count))
  return { ...reply, body: JSON.stringify({ encryptedResponse }) }
}
