const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** A universal type of ASN.1 by its name, or any other tag by its number, such as 0xa0 for an explicit `[0]`. */
export type Tag = keyof typeof TAGS | number

/** Encodes a value in DER (X.690): its tag, its length, and its contents one behind the other. */
export function der(tag: Tag, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const number = typeof tag === 'number' ? tag : TAGS[tag]
  return Buffer.concat([Buffer.of(number), encodeLength(content.length), content])
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = bigEndian(length)
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}

function bigEndian(value: number): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

/** Encodes a non-negative integer. */
export function derInteger(value: number): Buffer {
  const bytes = bigEndian(value)
  const sign = bytes.readUInt8(0) < 0x80 ? [] : [Buffer.of(0)]
  return der('integer', ...sign, bytes)
}

/** Encodes an object identifier given in dotted form. */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...others].flatMap(encodeArc)
  return der('objectIdentifier', Buffer.from(bytes))
}

function encodeArc(arc: number): readonly number[] {
  const groups = [arc % 0x80]
  for (let rest = Math.floor(arc / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    groups.unshift(0x80 | (rest % 0x80))
  }
  return groups
}

const FIRST_YEAR_IN_FULL = 2050

/** Encodes a time to the second, as X.509 has it: with two digits for the year before 2050 (RFC 5280 §4.1.2.5). */
export function derTime(time: Date): Buffer {
  const digits = `${time.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  if (time.getUTCFullYear() >= FIRST_YEAR_IN_FULL) {
    return der('generalizedTime', Buffer.from(digits))
  }
  return der('utcTime', Buffer.from(digits.slice(2)))
}
