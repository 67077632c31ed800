// The typed client, published as `coatcheck-client`. This is the only file of the folder that re-exports.

export { createClient, type Client, type ClientOptions } from './create-client.ts'
export type { CallOptions } from './call-as-merchant.ts'
export type { Authentication } from './credentials.ts'
export type { CaptureContextRequest, FieldOptions } from './capture-context-request.ts'
export type { FieldTree } from './field-tree.ts'
export type { PaymentCredentials, PaymentCredentialsOptions } from './get-payment-credentials.ts'
export type { PaymentDetails } from './get-payment-details.ts'
export { getPublicKey, type GetPublicKeyOptions, type PublicJwk } from './get-public-key.ts'
export {
  verifyCaptureContext,
  type PublicKeySource,
  type VerifyCaptureContextOptions,
} from './verify-capture-context.ts'
export type { VerifiedCaptureContext } from './verified-capture-context.ts'
export { createToken, type CardDataInput, type CreateTokenOptions } from './create-token.ts'
export {
  verifyTransientToken,
  type ShownField,
  type VerifiedTransientToken,
} from './verify-transient-token.ts'
export { CLOCK_TOLERANCE_SECONDS } from './verify-jws.ts'
export { FlexError, LOCAL_REASONS, type LocalReason, type WireReason } from './flex-error.ts'
export type { Transport } from './send.ts'
