import { styleText } from 'node:util'
import { clientConfigurations } from '../merchant/client-configuration.ts'
import type { Https } from './dev-https.ts'
import type { SelfTestCredentials } from './self-test.ts'

/** What `coatcheck dev` prints once it is ready: what one looks for comes last, where a small terminal still shows it. */
export function banner(
  credentials: SelfTestCredentials,
  passed: readonly string[],
  https?: Https,
): string {
  const { url, merchantId, keyId, secret } = credentials
  return [
    'Point an official client here:',
    ...clientConfigurations(credentials, 'http_signature', url).flatMap(
      ({ language, evidence, lines }) => [
        `  ${language} (${evidence})`,
        ...lines.map((line) => `    ${line}`),
      ],
    ),
    ...(https === undefined ? [] : describeTrust(https)),
    '',
    `Self-test passed: ${passed.join(' → ')}`,
    '',
    emphasize(`Coatcheck dev listens on ${url}`),
    `  merchant  ${merchantId}`,
    `  key id    ${keyId}`,
    `  secret    ${secret}`,
    `  console   ${url}/console/`,
    '  These credentials are public and protect nothing. Only published test cards are taken, such as 4111111111111111.',
    ...(https === undefined ? [] : describeHttps(https)),
    '',
    'Every request is logged below, with the reason when it is refused.',
    'Ctrl-C stops it.',
  ].join('\n')
}

function describeTrust({ ca, trust }: Https): readonly string[] {
  return [
    '',
    `Let one process trust the authority of its https, which is good for this machine only: ${ca}`,
    ...trust.map(({ client, line }) => `  ${client.padEnd(6)}  ${line}`),
  ]
}

function describeHttps({ url }: Https): readonly string[] {
  return [
    `It listens on ${url} too: run environment ${new URL(url).host}. The capture-context utilities of the clients call nothing else.`,
  ]
}

function emphasize(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}
