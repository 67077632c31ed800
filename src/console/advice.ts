import type { RequestRecord } from './control/answers.ts'

interface Advice {
  /** The likely cause as a headline. */
  readonly headline: string
  /** What to look at. */
  readonly advice: string
}

const SECRET =
  'Copy the secret from Merchants into the client once more, whole: it ends in "=". Key id and secret belong together.'

/** What usually lies behind a refusal, and what to look at. Reasons that speak for themselves are not in here. */
const ADVICE: Readonly<Record<string, Advice>> = {
  WRONG_SIGNATURE: {
    headline: 'The signature does not fit the request',
    advice: SECRET,
  },
  DIGEST_OF_ANOTHER_BODY: {
    headline: 'The body was changed after it was signed',
    advice:
      'Sign the very bytes that are sent: look for a proxy or a middleware that writes the JSON anew, and for a body that is serialised twice.',
  },
  CLOCK_DIFFERS: {
    headline: 'The clock of the client is off',
    advice:
      'Set the clock of the machine, or of the container, that signs. The clock of the emulator plays no part unless signatures follow it.',
  },
  TOKEN_EXPIRED: {
    headline: 'The bearer token has expired',
    advice: 'Make a new token for every request; when it was new, look at the clock that made it.',
  },
  UNKNOWN_KEY_ID: {
    headline: 'Nobody here has this key id',
    advice: 'Merchants lists the key ids that are known here. One of a sandbox account is not.',
  },
  NO_CREDENTIALS: {
    headline: 'The request is not signed',
    advice:
      'Use an official client, or coatcheck-client: Merchants has the lines to copy. By hand it is easier to call POST /_dev/tokens.',
  },
}

/** What a page says first of a request that was not answered well. */
export interface Cause extends Advice {
  /** The likely cause, in a sentence. */
  readonly sentence: string
}

const BROKEN: Cause = {
  headline: 'The connection ended before the answer did',
  sentence: 'The client went away, or a fault that was set cut the answer off.',
  advice: 'Look at the faults, and at the time-out of the client.',
}

/** Says why a request was not answered well; undefined when it was. */
export function causeOf({ outcome, error, cause, explanation }: RequestRecord): Cause | undefined {
  if (outcome === 'succeeded') return undefined
  if (outcome === 'broken') return BROKEN
  const known = ADVICE[explanation?.reason ?? '']
  const sentence = cause ?? error?.cause ?? 'The log of the emulator says more.'
  const headline = known?.headline ?? error?.message ?? 'The request was refused'
  const isSecret = /secret/i.test(explanation?.mistake ?? 'secret')
  const advice = known?.advice === SECRET && !isSecret ? MISTAKE_ADVICE : known?.advice
  return { headline, sentence, advice: advice ?? error?.fix ?? '' }
}

const MISTAKE_ADVICE = 'Let the client sign exactly the string on the expected side, byte for byte.'
