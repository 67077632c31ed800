import { createClient, verifyCaptureContext, verifyTransientToken } from '../src/client/index.ts'
import type { Operation } from './cases.ts'
import type { Load } from './processes/generator.ts'
import { PAN, type Credential } from './requests.ts'
import { ORIGIN } from './vault.ts'

/**
 * Verifies sample answers as a merchant would: signatures by the service's published key, and that what a token stands
 * for was stored. Throws when one is wrong.
 */
export async function verifyAnswers(
  operation: Operation,
  samples: Load['samples'],
  server: { readonly port: number; readonly credential: Credential },
): Promise<void> {
  const url = `http://127.0.0.1:${server.port}`
  const client = createClient({ url, ...server.credential })
  for (const { captureContext, body } of samples) {
    const keySource = { origins: [ORIGIN], publicKeyOrigin: url }
    const verified = await verifyCaptureContext(captureContext, keySource)
    if (operation === 'session') continue
    const { jti } = await verifyTransientToken(body, verified)
    const details = JSON.stringify(await client.getPaymentDetails(jti))
    if (!details.includes(PAN.slice(-4)) || details.includes(PAN)) {
      throw new Error('payment-details do not show the masked number')
    }
  }
}
