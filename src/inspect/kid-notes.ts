import { mustMatch, type Note } from './note.ts'
import { textOf } from './show-value.ts'

/** The form of a session key's id: two digits of the site, then 30 characters. */
export const SESSION_KID = /^\d{2}[0-9A-Za-z]{30}$/
/** The form of a long-term signing key's id. */
export const SIGNING_KID = /^[0-9a-z]{2}$/

const SIGNING_FORM = 'a signing key’s: two characters of [0-9a-z]'
const SESSION_FORM = 'a session key’s: two digits, then 30 of [0-9A-Za-z]'

/** The note of the `kid` of a capture context. */
export const SIGNING_KEY_ID: Note = {
  name: 'kid',
  required: true,
  meaning: (value) =>
    SIGNING_KID.test(textOf(value))
      ? `signing key: GET /flex/v2/public-keys/${textOf(value)}`
      : 'should name a signing key',
  check: mustMatch(SIGNING_KID, SIGNING_FORM),
}

/** The note of the `kid` that names a session key. */
export const SESSION_KEY_ID: Note = {
  name: 'kid',
  required: true,
  meaning: (value) => {
    const kid = textOf(value)
    return SESSION_KID.test(kid)
      ? `session key of site ${kid.slice(0, 2)}: flx.jwk.kid of the capture context`
      : 'should be flx.jwk.kid of the capture context'
  },
  check: mustMatch(SESSION_KID, SESSION_FORM),
}
