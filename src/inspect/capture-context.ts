import { LIFETIME_SECONDS, TOKENS_PATH } from '../protocol/capture-context.ts'
import { isFieldPath } from '../protocol/field-catalogue.ts'
import { isJsonObject, objectMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import { COMMON_HEADER, signatureAlg } from './algorithms.ts'
import { CONTEXT_TYPES, contextTypeMeaning } from './context-types.ts'
import { explainJwk } from './jwk.ts'
import type { JwtKind } from './jwt-kind.ts'
import { SESSION_KID, SIGNING_KEY_ID } from './kid-notes.ts'
import {
  explainMembers,
  mustBe,
  mustBeText,
  mustBeTexts,
  mustMatch,
  type Check,
  type Note,
} from './note.ts'
import type { Explained, Scene } from './report.ts'
import { showText, showValue, textOf } from './show-value.ts'
import { EXP, IAT, lifetimeOf, orderFault } from './time-notes.ts'

const LOOPBACK = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

const CLAIMS: readonly Note[] = [
  {
    name: 'iss',
    required: true,
    meaning: 'issuer, “Flex API” on the wire',
    check: mustBe('Flex API'),
  },
  EXP,
  IAT,
  {
    name: 'jti',
    required: true,
    meaning: 'id of this context',
    check: mustMatch(/^[0-9A-Za-z]{16}$/, '16 characters of [0-9A-Za-z]'),
  },
]

const checkOrigin: Check = (value) => {
  const origin = textOf(value)
  if (/^https:\/\/[^/?#]+$/.test(origin) || LOOPBACK.test(origin)) return undefined
  return 'is not an https origin: card data must not travel in the clear'
}

const checkSealed: Check = (value) => {
  const text = textOf(value)
  const isCanonical = text !== '' && Buffer.from(text, 'base64').toString('base64') === text
  return isCanonical ? undefined : 'is not standard base64 with padding, so no service will open it'
}

const FLX: readonly Note[] = [
  {
    name: 'path',
    required: true,
    meaning: 'where card data is posted to, at flx.origin',
    check: mustBe(TOKENS_PATH),
  },
  {
    name: 'data',
    required: true,
    show: (value) =>
      typeof value === 'string'
        ? `${Buffer.from(value, 'base64').length} bytes, sealed`
        : showValue(value),
    meaning: 'what the service remembers of the session; opaque to everybody else',
    check: checkSealed,
  },
  {
    name: 'origin',
    required: true,
    meaning: 'who receives the card data: allow only your service’s own',
    check: checkOrigin,
  },
  {
    name: 'jwk',
    required: true,
    show: (value) => (isJsonObject(value) ? showText(textOf(value['kid']), 12) : showValue(value)),
    meaning: 'session key, see below',
    check: (value) => (isJsonObject(value) ? undefined : 'is not a key'),
  },
]

const checkFields: Check = (value, scene) => {
  const fault = mustBeTexts(value, scene)
  if (fault !== undefined) return fault
  const paths: readonly unknown[] = Array.isArray(value) ? value : []
  const unknown = paths.find((path) => !isFieldPath(textOf(path)))
  return unknown === undefined
    ? undefined
    : `names a field that no session has: ${showValue(unknown)}`
}

function showFields(value: unknown): string {
  const paths: readonly unknown[] = Array.isArray(value) ? value : []
  const names = paths.map((path) =>
    textOf(path).replace(/^(?:paymentInformation\.card|orderInformation)\./, ''),
  )
  return Array.isArray(value) ? showValue(names) : showValue(value)
}

const ENTRY: readonly Note[] = [
  {
    name: 'type',
    required: true,
    meaning: contextTypeMeaning,
    check: (value) =>
      CONTEXT_TYPES.some(([prefix]) => textOf(value).startsWith(prefix))
        ? undefined
        : 'is of no known kind',
  },
  {
    name: 'requiredFields',
    show: showFields,
    meaning: 'fields without which a token is refused',
    check: checkFields,
  },
  {
    name: 'optionalFields',
    show: showFields,
    meaning: 'further fields that may be captured; no others',
    check: checkFields,
  },
  { name: 'targetOrigins', meaning: 'pages that may show the fields', check: mustBeTexts },
  { name: 'mfOrigin', meaning: 'where the fields’ frames come from', check: mustBeText },
  {
    name: 'clientLibrary',
    show: (value) => (typeof value === 'string' ? showText(value, 160) : showValue(value)),
    meaning: 'script that a page loads',
    check: mustBeText,
  },
  { name: 'clientLibraryIntegrity', meaning: 'hash that the script must have', check: mustBeText },
  { name: 'allowedCardNetworks', meaning: 'networks whose cards are taken', check: mustBeTexts },
  { name: 'allowedPaymentTypes', meaning: 'CARD, CHECK or others' },
]

function explainEntry(entry: unknown, index: number, scene: Scene): Explained {
  const title = `ctx[${index}]`
  if (!isJsonObject(entry)) {
    return { part: { title, rows: [] }, problems: [`${title} is not an object.`] }
  }
  const type = Object.hasOwn(entry, 'type') ? { type: entry['type'] } : {}
  // Twice, to come first and to win over a member of the same name.
  const members = { ...type, ...objectMember(entry, 'data'), ...type }
  return explainMembers({ title, prefix: `${title}.` }, members, { notes: ENTRY, scene })
}

function entriesOf(claims: JsonObject): readonly unknown[] {
  const ctx = claims['ctx']
  return Array.isArray(ctx) ? ctx : []
}

function explain(scene: Scene): readonly Explained[] {
  const { flx: _flx, ctx: _ctx, ...claims } = scene.claims
  const flx = objectMember(scene.claims, 'flx') ?? {}
  const jwk = objectMember(flx, 'jwk')
  return [
    explainMembers({ title: 'claims' }, claims, { notes: CLAIMS, scene }),
    explainMembers({ title: 'flx', prefix: 'flx.' }, flx, { notes: FLX, scene }),
    ...(jwk === undefined ? [] : [explainJwk('flx.jwk', jwk, scene)]),
    ...entriesOf(scene.claims).map((entry, index) => explainEntry(entry, index, scene)),
  ]
}

function sessionKidFault({ claims }: Scene): string | undefined {
  const kid = stringMember(objectMember(objectMember(claims, 'flx') ?? {}, 'jwk') ?? {}, 'kid')
  return kid === undefined || SESSION_KID.test(kid)
    ? undefined
    : 'flx.jwk.kid has not the form of a session key’s: two digits, then 30 of [0-9A-Za-z].'
}

/** What announces a session: `api-*`, `mf-*`, `gda-*` and `uc-*`. */
export const CAPTURE_CONTEXT: JwtKind = {
  kind: 'capture-context',
  title({ claims }) {
    const types = entriesOf(claims).map((entry) =>
      isJsonObject(entry) ? showValue(entry['type']) : '?',
    )
    return `Capture context, ${types.join(' and ') || 'without ctx'}`
  },
  isIt: ({ claims }) => Object.hasOwn(claims, 'flx') || Array.isArray(claims['ctx']),
  header: [SIGNING_KEY_ID, signatureAlg(['RS256']), ...COMMON_HEADER],
  explain,
  checks: [
    orderFault,
    sessionKidFault,
    (scene) => {
      const lifetime = lifetimeOf(scene) ?? LIFETIME_SECONDS
      return lifetime <= 0 || lifetime === LIFETIME_SECONDS
        ? undefined
        : `exp − iat is ${lifetime} seconds; a capture context is good for ${LIFETIME_SECONDS} unless its merchant has less.`
    },
    ({ claims }) => (Object.hasOwn(claims, 'flx') ? undefined : 'flx is missing.'),
    ({ claims }) => (entriesOf(claims).length > 0 ? undefined : 'ctx has no entry.'),
  ],
}
