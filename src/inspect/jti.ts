import { parseJti } from '../protocol/jti.ts'
import { dateInWords, distanceInWords } from './time-in-words.ts'
import type { Explained, Report } from './report.ts'
import { showText } from './show-value.ts'

const LAYOUT = /^1([A-Z])([0-9A-Z]{50})([0-9A-F]{8})([0-9A-F]{4})$/

// Every sample on the wire pairs them so.
const SITES: Readonly<Record<string, string>> = { C: '07', D: '00', E: '08' }

/** Tells whether text is as long as the jti of a transient token and of its characters. */
export function looksLikeJti(text: string): boolean {
  return /^[0-9A-Z]{64}$/.test(text)
}

/** Takes the jti of a transient token apart. `exp` is the claim that it should repeat; undefined skips that. */
export function explainJti(jti: string, exp: number | undefined, now: number): Explained {
  const [, site, random, expires, checksum] = LAYOUT.exec(jti) ?? []
  if (!site || !random || !expires || !checksum) {
    const row = { name: 'jti', value: showText(jti, 20), meaning: `${jti.length} characters` }
    return {
      part: { title: 'jti', rows: [row] },
      problems: [
        'jti has not the layout of a transient token’s: 1, site, 50 random digits, expiry, checksum.',
      ],
    }
  }
  const isRight = parseJti(jti) !== undefined
  const expiresAt = Number.parseInt(expires, 16)
  const rows = [
    { name: 'constant', value: '1', meaning: 'always 1' },
    { name: 'site', value: site, meaning: `goes with kid prefix ${SITES[site] ?? '(unknown)'}` },
    {
      name: 'random',
      value: `${random.slice(0, 6)}…`,
      meaning: '256 random bits in base 36: the secret of the token',
    },
    {
      name: 'expiry',
      value: expires,
      meaning: `${dateInWords(expiresAt)}, ${distanceInWords(expiresAt, now)}`,
    },
    {
      name: 'checksum',
      value: checksum,
      meaning: `${isRight ? 'right' : 'wrong'}: CRC-16/ARC of the 60 characters before it; it proves nothing`,
    },
  ]
  const problems = [
    ...(isRight ? [] : ['jti has a wrong checksum: it was cut or mistyped.']),
    ...(exp !== undefined && exp !== expiresAt ? ['jti names another expiry than exp.'] : []),
  ]
  return { part: { title: 'jti', rows }, problems }
}

/** Explains a jti that was pasted alone. */
export function reportJti(jti: string, now: number): Report {
  const { part, problems } = explainJti(jti, undefined, now)
  return { kind: 'jti', title: 'jti of a transient token', parts: [part], problems }
}
