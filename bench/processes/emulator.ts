// A process that is the emulator, recording or not.

import { startEmulator } from '../../src/dev/emulator.ts'
import { answerQuestions } from '../helper.ts'
import type { Credential } from '../requests.ts'

/** How to start it. */
export interface EmulatorQuestion {
  readonly isRecording: boolean
}

/** Where it listens, and whom it knows. */
export interface EmulatorAnswer {
  readonly port: number
  readonly credential: Credential
}

answerQuestions(async ({ isRecording }: EmulatorQuestion): Promise<EmulatorAnswer> => {
  const { url, merchant } = await startEmulator({ sessionKeys: 'bundled', isRecording })
  return { port: Number(new URL(url).port), credential: merchant }
})
