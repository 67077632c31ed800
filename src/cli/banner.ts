import { clientConfigurations } from './client-configuration.ts'
import type { Https } from './dev-https.ts'
import type { SelfTestCredentials } from './self-test.ts'

/** What `coatcheck dev` prints once it is ready. */
export function banner(
  credentials: SelfTestCredentials,
  passed: readonly string[],
  https?: Https,
): string {
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
    ...clientConfigurations(credentials, 'http_signature', url).flatMap(
      ({ language, evidence, lines }) => [
        `  ${language} (${evidence})`,
        ...lines.map((line) => `    ${line}`),
      ],
    ),
    ...(https === undefined ? [] : describeHttps(https)),
    '',
    'Ctrl-C stops it.',
  ].join('\n')
}

function describeHttps({ url, ca, trust }: Https): readonly string[] {
  return [
    '',
    `It listens on ${url} too: run environment ${new URL(url).host}. The capture-context utilities of the clients call nothing else.`,
    `Let one process trust its authority, which is good for this machine only: ${ca}`,
    ...trust.map(({ client, line }) => `  ${client.padEnd(6)}  ${line}`),
  ]
}
