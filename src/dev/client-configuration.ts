/** Where the service is, and as whom it is called. */
export interface ClientCredentials {
  readonly url: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
}

/** The lines that point one official client at this service. */
export interface ClientConfiguration {
  readonly language: string
  /** Whether it was tried with the client, or read in its source. */
  readonly evidence: 'tried' | 'from its source'
  readonly lines: readonly string[]
}

const TEMPLATES: readonly ClientConfiguration[] = [
  {
    language: 'Node',
    evidence: 'tried',
    lines: [
      `authenticationType: 'http_signature', runEnvironment: 'apitest.cybersource.com',`,
      `intermediateHost: '{url}', merchantID: '{merchantId}',`,
      `merchantKeyId: '{keyId}',`,
      `merchantsecretKey: '{secret}',`,
    ],
  },
  {
    language: 'PHP',
    evidence: 'tried',
    lines: [
      `$merchantConfig->setAuthenticationType('HTTP_SIGNATURE'); $merchantConfig->setIntermediateHost('{url}');`,
      `$merchantConfig->setMerchantID('{merchantId}'); $merchantConfig->setApiKeyID('{keyId}');`,
      `$merchantConfig->setSecretKey('{secret}');`,
    ],
  },
  {
    language: 'Python',
    evidence: 'from its source',
    lines: [
      `config['authentication_type'] = 'http_signature'; config['IntermediateHost'] = '{url}'`,
      `config['merchantid'] = '{merchantId}'; config['merchant_keyid'] = '{keyId}'`,
      `config['merchant_secretkey'] = '{secret}'`,
    ],
  },
  {
    language: 'Java',
    evidence: 'from its source',
    lines: [
      `props.setProperty("authenticationType", "http_signature"); props.setProperty("intermediateHost", "{url}");`,
      `props.setProperty("merchantID", "{merchantId}"); props.setProperty("merchantKeyId", "{keyId}");`,
      `props.setProperty("merchantsecretKey", "{secret}");`,
    ],
  },
  {
    language: '.NET',
    evidence: 'from its source',
    lines: [
      `_configurationDictionary.Add("authenticationType", "HTTP_SIGNATURE");`,
      `_configurationDictionary.Add("intermediateHost", "{url}"); _configurationDictionary.Add("merchantID", "{merchantId}");`,
      `_configurationDictionary.Add("merchantKeyId", "{keyId}");`,
      `_configurationDictionary.Add("merchantsecretKey", "{secret}");`,
    ],
  },
  {
    language: 'Ruby',
    evidence: 'from its source',
    lines: [
      `configurationDictionary['authenticationType'] = 'http_signature'; configurationDictionary['intermediateHost'] = '{url}'`,
      `configurationDictionary['merchantID'] = '{merchantId}'; configurationDictionary['merchantKeyId'] = '{keyId}'`,
      `configurationDictionary['merchantsecretKey'] = '{secret}'`,
    ],
  },
]

/** Returns what to change in the configuration of each official client. */
export function clientConfigurations(
  credentials: ClientCredentials,
): readonly ClientConfiguration[] {
  const values: ReadonlyMap<string, string> = new Map(Object.entries(credentials))
  const fill = (line: string): string =>
    line.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values.get(name) ?? placeholder)
  return TEMPLATES.map((template) => ({ ...template, lines: template.lines.map(fill) }))
}
