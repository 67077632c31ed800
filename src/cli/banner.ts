import { clientConfigurations } from '../dev/client-configuration.ts'
import type { SelfTestCredentials } from './self-test.ts'

/** What `coatcheck dev` prints once it is ready. */
export function banner(credentials: SelfTestCredentials, passed: readonly string[]): string {
  const { url, merchantId, keyId, secret } = credentials
  return [
    `Self-test passed: ${passed.join(' → ')}`,
    '',
    `Coatcheck dev listens on ${url}`,
    `  merchant  ${merchantId}`,
    `  key id    ${keyId}`,
    `  secret    ${secret}`,
    '  Published test cards only, such as 4111111111111111. These credentials are public: they protect nothing.',
    '',
    'Point an official client here:',
    ...clientConfigurations(credentials).flatMap(({ language, evidence, lines }) => [
      `  ${language} (${evidence})`,
      ...lines.map((line) => `    ${line}`),
    ]),
    '',
    'Ctrl-C stops it.',
  ].join('\n')
}
