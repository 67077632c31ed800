import type { CallService } from './call-as-merchant.ts'
import type { CaptureContextRequest } from './capture-context-request.ts'
import { parseJwtReply } from './compact-jwt.ts'

/** Opens a session and returns its capture context as a bare JWT. Nothing of the JWT is verified. */
export async function generateCaptureContext(
  call: CallService,
  request: CaptureContextRequest,
): Promise<string> {
  return call(
    { method: 'POST', path: '/flex/v2/sessions', accept: 'application/jwt', json: request },
    parseJwtReply,
  )
}
