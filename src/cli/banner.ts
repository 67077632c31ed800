import { styleText } from 'node:util'
import { clientConfigurations } from './client-configuration.ts'
import type { SelfTestCredentials } from './self-test.ts'

/** What `coatcheck dev` prints once it is ready: what one looks for comes last, where a small terminal still shows it. */
export function banner(credentials: SelfTestCredentials, passed: readonly string[]): string {
  const { url, merchantId, keyId, secret } = credentials
  return [
    'Point an official client here:',
    ...clientConfigurations(credentials).flatMap(({ language, evidence, lines }) => [
      `  ${language} (${evidence})`,
      ...lines.map((line) => `    ${line}`),
    ]),
    '',
    `Self-test passed: ${passed.join(' → ')}`,
    '',
    emphasize(`Coatcheck dev listens on ${url}`),
    `  merchant  ${merchantId}`,
    `  key id    ${keyId}`,
    `  secret    ${secret}`,
    '  These credentials are public and protect nothing. Only published test cards are taken, such as 4111111111111111.',
    '',
    'Every request is logged below, with the reason when it is refused.',
    'Ctrl-C stops it.',
  ].join('\n')
}

function emphasize(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}
