import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { verifyCaptureContext } from '../../src/client/index.ts'
import { makeVault, ORIGIN } from '../vault.ts'
import { serve } from './serving.ts'

const REQUEST = {
  fields: {
    paymentInformation: {
      card: { number: {}, expirationMonth: {}, expirationYear: {}, securityCode: {} },
    },
  },
}

for (const [entitled, kept] of [
  [true, 1],
  [false, 0],
  [undefined, 0],
] as const) {
  test(`of a merchant whose entitlement is ${entitled} the vault keeps ${kept} security codes of one token`, async (t) => {
    const vault = await makeVault(4, { entitled })
    const { flow, credentials } = await serve(t, vault)
    const jwt = await flow.client.generateFlexAPICaptureContext(REQUEST)
    const origins = { origins: [ORIGIN], publicKeyOrigin: credentials.url }
    await flow.redeem(await verifyCaptureContext(jwt, origins), { securityCode: '737' })
    const db = new DatabaseSync(join(vault.data, 'vault.db'), { readOnly: true })
    t.after(() => db.close())
    const count = db.prepare('SELECT count(*) AS count FROM records WHERE kind = ?')
    assert.equal(count.get('card')?.['count'], 1)
    assert.equal(count.get('security-code')?.['count'], kept)
  })
}
