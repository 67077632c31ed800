import type * as Pkcs11Library from 'pkcs11js'
import type { Handle, PKCS11, TokenInfo } from 'pkcs11js'
import { OperatorError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { toRefusal, type TokenPlace } from './refusals.ts'

type Pkcs11 = typeof Pkcs11Library

// What one more session costs is little; two already keep a signing core of most devices busy.
const SESSIONS = 4
const RECONNECT_MILLISECONDS = 1000

/** How a token is opened. */
export interface TokenSettings extends TokenPlace {
  readonly pin: Secret
}

/** A PKCS#11 call: what is called, its constants, and a session that nobody else uses meanwhile. */
export interface TokenCall {
  readonly pkcs11: PKCS11
  readonly constants: Pkcs11
  readonly session: Handle
}

/** A token that this process is logged in to. After it was gone, the next call logs in again, once a second at most. */
export interface Token {
  readonly label: string
  /** Makes calls that do not wait. Throws OperatorError when the token does not answer. */
  call<Result>(run: (call: TokenCall) => Result): Result
  /** Makes calls that may wait, each on a session of its own; rejects with OperatorError when the token does not answer. */
  callInBackground<Result>(run: (call: TokenCall) => Promise<Result>): Promise<Result>
}

// A process can initialise a module once only, and must not try a wrong PIN twice.
const opened = new Map<string, Promise<Token>>()

/**
 * Opens a token and logs in. Opened again it is the same; one that refused its PIN refuses without being asked.
 *
 * @throws OperatorError when the module, the token or the PIN is not right.
 */
export function openToken(settings: TokenSettings): Promise<Token> {
  const name = JSON.stringify([settings.module, settings.token])
  const token = opened.get(name) ?? connectFirst(settings)
  opened.set(name, token)
  return token
}

async function connectFirst(settings: TokenSettings): Promise<Token> {
  const constants = await loadLibrary()
  const pkcs11 = new constants.PKCS11()
  try {
    pkcs11.load(settings.module)
  } catch (cause) {
    throw new OperatorError(
      `The PKCS#11 module ${settings.module} cannot be loaded.`,
      'Name the file of the HSM’s module with --pkcs11-module, such as /usr/lib/softhsm/libsofthsm2.so.',
      cause,
    )
  }
  return createToken({ constants, pkcs11 }, settings)
}

async function loadLibrary(): Promise<Pkcs11> {
  try {
    return (await import('pkcs11js')).default
  } catch (cause) {
    throw new OperatorError(
      'The PKCS#11 library is not installed.',
      'Run "npm install pkcs11js@2" where Coatcheck is installed; it is compiled with make, g++ and python3.',
      cause,
    )
  }
}

interface Library {
  readonly constants: Pkcs11
  readonly pkcs11: PKCS11
}

/** The sessions of one login. */
interface Login {
  /** For calls that do not wait. */
  readonly own: Handle
  readonly free: Handle[]
  readonly waiting: ((session: Handle) => void)[]
  busy: number
}

function createToken(library: Library, settings: TokenSettings): Token {
  const { constants, pkcs11 } = library
  let login: Login | undefined = logIn(library, settings)
  let isResting = false
  let refusal: OperatorError | undefined
  let last = login

  /** Whatever failed may have ended the login: it is begun anew, unless the PIN itself was refused. */
  function loginNow(): Login {
    if (login !== undefined) return login
    if (refusal !== undefined && (isFinal(refusal) || isResting)) throw refusal
    isResting = true
    setTimeout(() => (isResting = false), RECONNECT_MILLISECONDS).unref()
    try {
      if (last.busy > 0) throw new TypeError('calls of the login before have not returned yet')
      finalize(pkcs11)
      login = logIn(library, settings)
      last = login
      refusal = undefined
      return login
    } catch (error) {
      refusal = toRefusal(error, settings)
      throw refusal
    }
  }

  // Also when a key is not found: it may be the token that is gone, and came back as another.
  function lose(error: unknown): OperatorError {
    const lost = login
    login = undefined
    refusal = toRefusal(error, settings)
    // Whoever waits for a session of a login that has ended is answered by the next one.
    for (const wake of lost?.waiting.splice(0) ?? []) wake(lost?.own ?? Buffer.alloc(0))
    return refusal
  }

  function call<Result>(run: (given: TokenCall) => Result): Result {
    const { own } = loginNow()
    try {
      return run({ pkcs11, constants, session: own })
    } catch (error) {
      throw lose(error)
    }
  }

  async function callInBackground<Result>(
    run: (given: TokenCall) => Promise<Result>,
  ): Promise<Result> {
    const current = loginNow()
    const session = current.free.pop() ?? (await nextFree(current))
    if (login !== current) throw refusal ?? toRefusal(undefined, settings)
    current.busy += 1
    try {
      return await run({ pkcs11, constants, session })
    } catch (error) {
      throw lose(error)
    } finally {
      current.busy -= 1
      const wake = current.waiting.shift()
      if (wake === undefined) current.free.push(session)
      else wake(session)
    }
  }

  return { label: settings.token, call, callInBackground }
}

function nextFree({ waiting }: Login): Promise<Handle> {
  return new Promise((resolve) => waiting.push(resolve))
}

function isFinal({ cause }: OperatorError): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 0xa0 || cause.code === 0xa4)
}

function finalize(pkcs11: PKCS11): void {
  try {
    pkcs11.C_Finalize()
  } catch {
    // A module that was never initialised, or lost its device, is as good as finalised.
  }
}

function logIn({ constants, pkcs11 }: Library, settings: TokenSettings): Login {
  try {
    // Without locking, calls of several sessions at once crash the process.
    pkcs11.C_Initialize({ flags: constants.CKF_OS_LOCKING_OK })
    const { slot, flags } = findSlot(pkcs11, settings)
    refuseLastTry(flags, constants, settings)
    const open = constants.CKF_SERIAL_SESSION | constants.CKF_RW_SESSION
    const own = pkcs11.C_OpenSession(slot, open)
    pkcs11.C_Login(own, constants.CKU_USER, settings.pin.reveal())
    const free = Array.from({ length: SESSIONS }, () => pkcs11.C_OpenSession(slot, open))
    return { own, free, waiting: [], busy: 0 }
  } catch (error) {
    finalize(pkcs11)
    throw toRefusal(error, settings)
  }
}

function findSlot(
  pkcs11: PKCS11,
  { token }: TokenPlace,
): { readonly slot: Handle; readonly flags: number } {
  const labels: string[] = []
  for (const slot of pkcs11.C_GetSlotList(true)) {
    const info: TokenInfo = pkcs11.C_GetTokenInfo(slot)
    const label = info.label.replace(/[ \0]+$/, '')
    if (label === token) return { slot, flags: info.flags }
    if (label !== '') labels.push(label)
  }
  const known = labels.length === 0 ? 'none' : labels.join(', ')
  throw new OperatorError(
    `The HSM has no token ${token}.`,
    `Name one that it has with --pkcs11-token (there is: ${known}), or plug it in.`,
  )
}

/** A service that starts again and again must not be what locks a token. */
function refuseLastTry(flags: number, constants: Pkcs11, { token }: TokenPlace): void {
  if ((flags & constants.CKF_USER_PIN_LOCKED) !== 0) {
    throw new OperatorError(
      `The token ${token} is locked: its PIN was wrong too often.`,
      'Set a new user PIN with the security officer’s PIN, by the tool of the HSM.',
    )
  }
  if ((flags & constants.CKF_USER_PIN_FINAL_TRY) === 0) return
  throw new OperatorError(
    `The token ${token} would be locked by one more wrong PIN, so none was tried.`,
    'Log in with the right PIN once, by the tool of the HSM, then try again.',
  )
}
