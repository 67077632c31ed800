import { numberMember, objectMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import { COMMON_HEADER, signatureAlg } from './algorithms.ts'
import { contextTypeMeaning } from './context-types.ts'
import { explainContent } from './content.ts'
import { explainJti } from './jti.ts'
import type { JwtKind } from './jwt-kind.ts'
import { SESSION_KEY_ID } from './kid-notes.ts'
import { explainMembers, mustMatch, type Note } from './note.ts'
import type { Explained, Scene } from './report.ts'
import { showText, showValue, textOf } from './show-value.ts'
import { EXP, IAT, lifetimeOf, orderFault } from './time-notes.ts'

// On the wire `iat` is stamped up to some seconds after the expiry was fixed.
const LIFETIMES = { least: 895, most: 900 } as const
const TYPE = /^(?:api|mf|gda|uc)-/
const ISSUER = /^Flex\/\d{2}$/

const CLAIMS: readonly Note[] = [
  {
    name: 'iss',
    required: true,
    meaning: 'issuer: Flex/ and the number of its site',
    check: mustMatch(ISSUER, 'Flex/ and two digits'),
  },
  EXP,
  {
    name: 'type',
    required: true,
    meaning: contextTypeMeaning,
    check: mustMatch(TYPE, 'a type of ctx'),
  },
  IAT,
  {
    name: 'jti',
    required: true,
    show: (value) => (typeof value === 'string' ? showText(value, 12) : showValue(value)),
    meaning: 'what the token is called in payments, see below',
  },
  { name: 'metadata', meaning: 'of Unified Checkout' },
  {
    name: 'paymentCredentialsReference',
    meaning: 'of Unified Checkout: names the credentials to fetch',
  },
]

/** The legacy claim `data`, of the first hosted fields: first six and last four digits. */
const LEGACY: readonly Note[] = [
  {
    name: 'number',
    meaning: 'masked number',
    show: (value) => (isMasked(value) ? textOf(value) : '(not shown)'),
    check: (value) => (isMasked(value) ? undefined : 'is not masked'),
  },
  { name: 'expirationMonth', meaning: 'in clear' },
  { name: 'expirationYear', meaning: 'in clear' },
  { name: 'type', meaning: 'code of the network' },
]

function isMasked(value: unknown): boolean {
  return /^\d{6}X{2,9}\d{4}$/.test(textOf(value))
}

function explain(scene: Scene): readonly Explained[] {
  const { content: _content, data: _data, ...claims } = scene.claims
  const data = objectMember(scene.claims, 'data')
  const content = objectMember(scene.claims, 'content')
  const jti = stringMember(scene.claims, 'jti')
  return [
    explainMembers({ title: 'claims' }, claims, { notes: CLAIMS, scene }),
    ...(jti === undefined ? [] : [explainJti(jti, numberMember(scene.claims, 'exp'), scene.now)]),
    ...(content === undefined ? [] : [explainContent(content)]),
    ...(data === undefined ? [] : [explainLegacy(data, scene)]),
  ]
}

function explainLegacy(data: JsonObject, scene: Scene): Explained {
  const known = Object.entries(data).filter(([name]) => LEGACY.some((note) => note.name === name))
  const members = Object.fromEntries(known)
  return explainMembers({ title: 'data (older form)', prefix: 'data.' }, members, {
    notes: LEGACY,
    scene,
  })
}

/** What stands for stored card data. */
export const TRANSIENT_TOKEN: JwtKind = {
  kind: 'transient-token',
  title: ({ claims }) => `Transient token, ${showValue(claims['type'] ?? 'without type')}`,
  isIt: ({ claims }) =>
    TYPE.test(stringMember(claims, 'type') ?? '') || ISSUER.test(stringMember(claims, 'iss') ?? ''),
  header: [SESSION_KEY_ID, signatureAlg(['RS256']), ...COMMON_HEADER],
  explain,
  checks: [
    orderFault,
    (scene) => {
      const lifetime = lifetimeOf(scene) ?? LIFETIMES.most
      const isRight = lifetime >= LIFETIMES.least && lifetime <= LIFETIMES.most
      return lifetime <= 0 || isRight
        ? undefined
        : `exp − iat is ${lifetime} seconds; a transient token is good for ${LIFETIMES.most} unless its merchant has less.`
    },
  ],
}
