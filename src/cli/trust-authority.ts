import { createHash, X509Certificate } from 'node:crypto'

/** How a client is made to trust an authority, for one of its processes only. */
export interface TrustLine {
  readonly client: string
  /** A command where it begins with one, else a line of the client's program. */
  readonly line: string
}

// The parsing utilities of the official clients build a connection of their own, by the defaults of their platform: these
// lines change those defaults, so that both the utility and the calls follow.
const LINES: Readonly<Record<string, string>> = {
  Node: 'NODE_EXTRA_CA_CERTS={shell} node …',
  PHP: 'php -d curl.cainfo={shell} -d openssl.cafile={shell} …',
  Python: `import certifi; certifi.where = lambda: '{text}'  # before the client is imported`,
  Java: 'keytool -importcert -noprompt -alias coatcheck-{print} -file {shell} -keystore {store} -storepass changeit; java -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit …',
  '.NET': 'SSL_CERT_FILE={shell} dotnet …  # on Linux',
  Ruby: `Typhoeus.before { |request| request.options[:cainfo] = '{text}' }`,
  curl: 'curl --cacert {shell} …',
}

/**
 * Returns the line for each client. Nothing is installed for others or for good.
 *
 * @param caFile - absolute path of the authority's certificate.
 * @param caPem - that certificate.
 */
export function trustLines(caFile: string, caPem: string): readonly TrustLine[] {
  const print = createHash('sha256').update(new X509Certificate(caPem).raw).digest('hex')
  const values: Readonly<Record<string, string>> = {
    shell: shellWord(caFile),
    store: shellWord(`${caFile}.p12`),
    text: caFile.replaceAll(/['\\]/g, String.raw`\$&`),
    print: print.slice(0, 8),
  }
  return Object.entries(LINES).map(([client, line]) => ({
    client,
    line: line.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder),
  }))
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
