import { signatureBase } from '../http-signature/base.ts'
import { formatHttpDate } from '../http-signature/date.ts'
import { formatDigest } from '../http-signature/digest.ts'
import { componentsFor, formatSignatureHeader } from '../http-signature/sign.ts'
import { encodeBase64 } from './base64.ts'
import type { Credentials } from './credentials.ts'
import { digestOf } from './digest.ts'
import { localError } from './flex-error.ts'
import type { UnsignedRequest } from './sign-request.ts'

/**
 * Signs a request with HTTP Signature (HMAC-SHA-256) and returns its headers.
 *
 * The time goes out twice, as `date` and as `v-c-date`, and is signed as `date`: browsers drop `date`, and a service
 * reads `v-c-date` where there is none.
 */
export async function signByHttpSignature(
  request: UnsignedRequest,
  credentials: Credentials,
  now: Date,
): Promise<Readonly<Record<string, string>>> {
  const { method, target, host, body } = request
  const { merchantId, keyId } = credentials
  const date = formatHttpDate(now)
  const headers = {
    date,
    'v-c-date': date,
    ...(body === undefined ? {} : { digest: formatDigest(await digestOf(body)) }),
    'v-c-merchant-id': merchantId,
  }
  const components = componentsFor(method)
  const message = { method, target, headers: Object.entries({ ...headers, host }) }
  const toSign = signatureBase(message, components)
  if (!toSign.ok) throw localError('OPTIONS_INVALID', `cannot sign ${toSign.names.join(', ')}.`)
  const signature = await hmac(await credentials.key(), toSign.base)
  return { ...headers, signature: formatSignatureHeader({ keyId, components, signature }) }
}

async function hmac(key: Awaited<ReturnType<Credentials['key']>>, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))
  return encodeBase64(new Uint8Array(mac))
}
