// Makes one call with the official Node client, unmodified, and prints what that hands to its callback.
//
// Exits with 0 only when the call succeeded and, for operations that return a JWT, a token of three parts (five for
// payment-credentials) came back: the token is all of standard output. A summary goes to standard error.
//
//   SDK              name of the package                          (default: cybersource-rest-client)
//   SDK_DIR          folder that contains node_modules/<SDK>                      (default: that of this project)
//   BASE             address of the service, such as http://127.0.0.1:4010        (required)
//   RUN_ENVIRONMENT  logical gateway host; goes into the Host header (HTTP Signature)
//                    and the request-host claim (JWT)                              (default: host[:port] of BASE)
//   VIA              intermediate = by `intermediateHost` (default);
//                    direct = by `runEnvironment` alone (https only)
//   AUTH             http_signature | jwt_shared_secret | jwt_p12                  (default: http_signature)
//   MERCHANT_ID KEY_ID SECRET
//   P12_DIR P12_NAME P12_PASS         for jwt_p12 (P12_NAME without extension)
//   PORTFOLIO_ID     switches meta-key mode on
//   CA_CERT          PEM file trusted for https (client option sslCaCert)
//   INSECURE=1       client option disableSSLVerification
//   OP               flex | microform | up | uc | payment-details | payment-details-v1 |
//                    payment-credentials | payment                                 (default: flex)
//   REF              path argument of the GET operations
//   PARSE=1          also run the client's CaptureContextParsingUtility on the token
//   MLE_MAP          JSON: for operations by their names, "<request>::<response>", each true or false
//   MLE_REQUEST_CERT PEM; turns request MLE on for OP=payment             (default with MLE_MAP: that in the p12)
//   MLE_RESPONSE_KEY MLE_RESPONSE_PASS MLE_RESPONSE_KID
//                    PEM or p12; turn response MLE on, for all operations unless there is MLE_MAP
//                    (MLE_RESPONSE_KID default: that of the p12)
//   REQUEST_JSON     JSON file used as request body instead of the built-in one
//   EXPECT_STATUS    succeed only if the call fails with this HTTP status
'use strict'
const path = require('path')
const fs = require('fs')
const { createRequire } = require('module')
const E = process.env
const need = (k) => {
  if (!E[k]) {
    console.error(`missing ${k}`)
    process.exit(2)
  }
  return E[k]
}
const elsewhere = E.SDK_DIR && createRequire(path.join(path.resolve(E.SDK_DIR), 'client.cjs'))
const load = elsewhere || require
const sdkName = E.SDK || 'cybersource-rest-client'
const sdk = load(sdkName)
const sdkVersion = load(`${sdkName}/package.json`).version
// Until 0.0.76 the API had another name, and no operation by jti.
const TokenData = sdk.TransientTokenDataV2Api || sdk.TransientTokenDataApi

const base = new URL(need('BASE'))
const auth = E.AUTH || 'http_signature'
const op = E.OP || 'flex'
const config = {
  runEnvironment: E.RUN_ENVIRONMENT || base.host,
  merchantID: need('MERCHANT_ID'),
  logConfiguration: { enableLog: false },
}
if (E.VIA !== 'direct') config.intermediateHost = base.origin
if (auth === 'http_signature')
  Object.assign(config, {
    authenticationType: 'http_signature',
    merchantKeyId: need('KEY_ID'),
    merchantsecretKey: need('SECRET'),
  })
else if (auth === 'jwt_shared_secret')
  Object.assign(config, {
    authenticationType: 'jwt',
    jwtKeyType: 'SHARED_SECRET',
    merchantKeyId: need('KEY_ID'),
    merchantsecretKey: need('SECRET'),
  })
else if (auth === 'jwt_p12')
  Object.assign(config, {
    authenticationType: 'jwt',
    keysDirectory: need('P12_DIR'),
    keyFileName: E.P12_NAME || config.merchantID,
    keyAlias: config.merchantID,
    keyPass: E.P12_PASS || config.merchantID,
  })
else {
  console.error(`unknown AUTH ${auth}`)
  process.exit(2)
}
if (E.PORTFOLIO_ID)
  Object.assign(config, { useMetaKey: true, portfolioID: E.PORTFOLIO_ID, keyAlias: E.PORTFOLIO_ID })
if (E.CA_CERT) config.sslCaCert = E.CA_CERT
if (E.INSECURE === '1') config.disableSSLVerification = true
if (E.MLE_REQUEST_CERT)
  Object.assign(config, {
    enableRequestMLEForOptionalApisGlobally: true,
    mleForRequestPublicCertPath: E.MLE_REQUEST_CERT,
  })
if (E.MLE_RESPONSE_KEY)
  Object.assign(config, {
    enableResponseMleGlobally: !E.MLE_MAP,
    responseMlePrivateKeyFilePath: E.MLE_RESPONSE_KEY,
    responseMlePrivateKeyFilePassword: E.MLE_RESPONSE_PASS,
    responseMleKID: E.MLE_RESPONSE_KID,
  })
// A plain object: of a Map the client sees nothing.
if (E.MLE_MAP) config.mapToControlMLEonAPI = JSON.parse(E.MLE_MAP)

const fromFile = (fallback) =>
  E.REQUEST_JSON ? JSON.parse(fs.readFileSync(E.REQUEST_JSON, 'utf8')) : fallback
const client = new sdk.ApiClient()
const parts = op === 'payment-credentials' ? 5 : 3
const isJwt = (d) => typeof d === 'string' && d.split('.').length === parts

let finished = false
process.on('unhandledRejection', (e) => done(e))
setTimeout(() => {
  if (!finished) {
    console.error('timeout')
    process.exit(3)
  }
}, 20000).unref()

function done(error, data, response) {
  if (finished) return
  finished = true
  const summary = {
    sdk: `cybersource-rest-client@${sdkVersion}`,
    op,
    auth,
    error: error
      ? {
          name: error.name,
          message: error.message,
          code: error.code,
          status: error.status,
          text: error.response && error.response.text,
          headers: error.response && error.response.header,
        }
      : null,
    dataType:
      data === null || data === undefined
        ? String(data)
        : (data.constructor && data.constructor.name) || typeof data,
    responseKeys: response ? Object.keys(response) : null,
    status: response && response.status,
    responseText: response && response.text,
  }
  console.error(JSON.stringify(summary, null, 1))
  if (E.EXPECT_STATUS) process.exit(error && String(error.status) === E.EXPECT_STATUS ? 0 : 1)
  if (error) process.exit(1)
  const wantsJwt = !op.startsWith('payment-details') && op !== 'payment'
  if (wantsJwt && !isJwt(data)) {
    console.error('no JWT in data')
    process.exit(1)
  }
  const out = wantsJwt ? data : response.text
  if (E.PARSE === '1' && wantsJwt) {
    return sdk.CaptureContextParsingUtility.parseCaptureContextResponse(
      data,
      client.merchantConfig,
      (err, payload) => {
        if (err) {
          console.error('parseCaptureContextResponse: ' + (err.message || err))
          process.exit(1)
        }
        console.error('parsed: ' + JSON.stringify(payload))
        console.log(out)
        process.exit(0)
      },
    )
  }
  console.log(out)
  process.exit(0)
}

try {
  if (op === 'flex') {
    const r = new sdk.GenerateFlexAPICaptureContextRequest()
    Object.assign(
      r,
      fromFile({
        fields: {
          paymentInformation: {
            card: {
              number: {},
              securityCode: { required: true },
              expirationMonth: { required: true },
              expirationYear: { required: true },
              type: { required: false },
            },
          },
        },
      }),
    )
    new sdk.FlexAPIApi(config, client).generateFlexAPICaptureContext(r, done)
  } else if (op === 'microform') {
    const r = new sdk.GenerateCaptureContextRequest()
    Object.assign(
      r,
      fromFile({
        clientVersion: 'v2',
        targetOrigins: ['https://www.test.com'],
        allowedCardNetworks: ['VISA', 'MASTERCARD', 'AMEX'],
        allowedPaymentTypes: ['CARD'],
      }),
    )
    new sdk.MicroformIntegrationApi(config, client).generateCaptureContext(r, done)
  } else if (op === 'up') {
    const r = new sdk.GenerateUnifiedCheckoutCaptureContextRequest()
    Object.assign(
      r,
      fromFile({
        clientVersion: '0.31',
        targetOrigins: ['https://www.test.com'],
        allowedCardNetworks: ['VISA'],
        allowedPaymentTypes: ['PANENTRY'],
        country: 'US',
        locale: 'en_US',
      }),
    )
    new sdk.UnifiedCheckoutCaptureContextApi(config, client).generateUnifiedCheckoutCaptureContext(
      r,
      done,
    )
  } else if (op === 'uc') {
    const r = new sdk.GenerateUnifiedCheckoutV1CaptureContextRequest()
    Object.assign(
      r,
      fromFile({
        targetOrigins: ['https://www.test.com'],
        allowedCardNetworks: ['VISA'],
        allowedPaymentTypes: ['PANENTRY'],
        country: 'US',
        locale: 'en_US',
      }),
    )
    const api = new sdk.UnifiedCheckoutV1CaptureContextApi(config, client)
    const name = Object.keys(api).find((k) => typeof api[k] === 'function')
    api[name](r, done)
  } else if (op === 'payment-details') {
    new TokenData(config, client).getTransactionForTransientTokenJTI(
      E.REF || '1D42LRF04LYTMO3I1G8JX6GO6S1PUFM2R4CQLU51267E0EOQ7X2169A99674E16E',
      done,
    )
  } else if (op === 'payment-details-v1') {
    new TokenData(config, client).getTransactionForTransientToken(E.REF || 'aaa.bbb.ccc', done)
  } else if (op === 'payment-credentials') {
    new TokenData(config, client).getPaymentCredentialsForTransientToken(
      E.REF || 'a-payment-credentials-reference',
      done,
    )
  } else if (op === 'payment') {
    const r = new sdk.CreatePaymentRequest()
    Object.assign(
      r,
      fromFile({
        clientReferenceInformation: { code: 'harness-1' },
        tokenInformation: { transientTokenJwt: 'aaa.bbb.ccc' },
        orderInformation: { amountDetails: { totalAmount: '10.00', currency: 'USD' } },
      }),
    )
    new sdk.PaymentsApi(config, client).createPayment(r, done)
  } else {
    console.error(`unknown OP ${op}`)
    process.exit(2)
  }
} catch (e) {
  done(e)
}
