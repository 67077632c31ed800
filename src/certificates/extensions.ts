import { createHash, type KeyObject } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { der, derInteger, derObjectIdentifier } from './der.ts'

/** An extension of a certificate (RFC 5280 §4.2), ready to be put into it. */
export type Extension = Buffer

function extension(oid: string, critical: boolean, value: Buffer): Extension {
  const mark = critical ? [der('boolean', Buffer.of(0xff))] : []
  return der('sequence', derObjectIdentifier(oid), ...mark, der('octetString', value))
}

/** Says that the certificate signs leaf certificates, but no further authorities. */
export function authority(): Extension {
  const isAuthority = der('boolean', Buffer.of(0xff))
  return extension('2.5.29.19', true, der('sequence', isAuthority, derInteger(0)))
}

/** Says that the certificate signs no others. */
export function noAuthority(): Extension {
  return extension('2.5.29.19', true, der('sequence'))
}

const KEY_USAGE_BITS = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
} as const

/** Says what the key is for. At least one use has to be given. */
export function keyUsage(...uses: readonly (keyof typeof KEY_USAGE_BITS)[]): Extension {
  const bits = uses.reduce((sum, use) => sum | KEY_USAGE_BITS[use], 0)
  // A named bit list ends with its last one bit (X.690 §11.2.2).
  const unused = 31 - Math.clz32(bits & -bits)
  return extension('2.5.29.15', true, der('bitString', Buffer.of(unused, bits)))
}

/** Says that the certificate, and whatever it signs, is for TLS servers only. */
export function serverAuthentication(): Extension {
  return extension('2.5.29.37', false, der('sequence', derObjectIdentifier('1.3.6.1.5.5.7.3.1')))
}

/** Lists the names and addresses that a TLS server has. Of IPv6 only `::1` can be given. */
export function subjectAlternativeNames(hosts: readonly string[]): Extension {
  return extension('2.5.29.17', false, der('sequence', ...hosts.map(generalName)))
}

const DNS_NAME = 0x82
const IP_ADDRESS = 0x87
const IPV6_LOOPBACK = Buffer.from([...Array.from({ length: 15 }, () => 0), 1])
const ONE_IPV6_ADDRESS = Buffer.alloc(16, 0xff)
const IPV4_LOOPBACK = Buffer.of(127, 0, 0, 0, 255, 0, 0, 0)

function generalName(host: string): Buffer {
  if (isIPv4(host)) return der(IP_ADDRESS, Buffer.from(host.split('.').map(Number)))
  if (!isIPv6(host)) return der(DNS_NAME, Buffer.from(host))
  if (host === '::1') return der(IP_ADDRESS, IPV6_LOOPBACK)
  throw new TypeError('Of IPv6 only ::1 can be put into a certificate')
}

/** Confines an authority to `localhost` and the names below it, 127.0.0.0/8 and ::1 (RFC 5280 §4.2.1.10). */
export function onlyThisMachine(): Extension {
  const permitted = [
    generalName('localhost'),
    der(IP_ADDRESS, IPV4_LOOPBACK),
    der(IP_ADDRESS, IPV6_LOOPBACK, ONE_IPV6_ADDRESS),
  ]
  const subtrees = permitted.map((base) => der('sequence', base))
  return extension('2.5.29.30', true, der('sequence', der(0xa0, ...subtrees)))
}

/** Names the certificate's own key, by which what it signs finds it. */
export function subjectKeyIdentifier(publicKey: KeyObject): Extension {
  return extension('2.5.29.14', false, der('octetString', keyIdentifier(publicKey)))
}

/** Names the key with which the certificate is signed. */
export function authorityKeyIdentifier(publicKey: KeyObject): Extension {
  return extension('2.5.29.35', false, der('sequence', der(0x80, keyIdentifier(publicKey))))
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // Any value that is unique to the key will do (RFC 5280 §4.2.1.2).
  return createHash('sha256').update(spki).digest().subarray(0, 20)
}
