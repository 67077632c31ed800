import { createClient } from '../client/create-client.ts'
import { createToken } from '../client/create-token.ts'
import { verifyCaptureContext } from '../client/verify-capture-context.ts'
import { verifyTransientToken } from '../client/verify-transient-token.ts'
import { OperatorError } from '../errors.ts'

/** Who the self-test is, and where. */
export interface SelfTestCredentials {
  readonly url: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
}

const REQUEST = {
  fields: { paymentInformation: { card: { number: {}, expirationMonth: {}, expirationYear: {} } } },
}
const CARD = { number: '4111111111111111', expirationMonth: '12', expirationYear: '2099' }

/**
 * Runs the main job against a service: session, encrypt, token, verify, details. Returns the steps that passed.
 *
 * @throws OperatorError that names the step which did not.
 */
export async function selfTest(credentials: SelfTestCredentials): Promise<readonly string[]> {
  const passed: string[] = []
  const step = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    try {
      const result = await run()
      passed.push(name)
      return result
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new OperatorError(
        `The self-test failed at "${name}": ${why}`,
        'The log above says why.',
        cause,
      )
    }
  }
  const { url } = credentials
  const client = createClient(credentials)
  const jwt = await step('session', () => client.generateFlexAPICaptureContext(REQUEST))
  const verify = (): ReturnType<typeof verifyCaptureContext> =>
    verifyCaptureContext(jwt, { origins: [url], publicKeyOrigin: url })
  const captureContext = await step('verify capture context', verify)
  const data = { paymentInformation: { card: CARD } }
  const token = await step('token', () => createToken({ captureContext, data }))
  const { jti } = await step('verify transient token', () =>
    verifyTransientToken(token, captureContext),
  )
  await step('payment details', () => client.getPaymentDetails(jti))
  return passed
}
