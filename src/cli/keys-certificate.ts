import { rmSync } from 'node:fs'
import { Command } from 'commander'
import { createFile } from '../keys/create-file.ts'
import { storeMleKey, type MleKey } from '../keys/mle-keys.ts'
import { ensureMleKey, makeMleKey } from './mle-key.ts'
import { createPrinter } from './print.ts'
import { addSettings, readSettings } from './settings.ts'
import { VAULT_SETTINGS, withVault, type Vault } from './vault.ts'

interface CertificateOptions {
  readonly json?: true
  readonly renew?: true
}

const HELP = `
Official clients find it in every p12 that is made here; with a shared secret, name the file as mleForRequestPublicCertPath.
With --renew, requests to the earlier keys are still accepted.

Examples:
  coatcheck keys certificate requests.pem
  coatcheck keys certificate requests-2.pem --renew`

/** Makes the command `coatcheck keys certificate`. */
export function keysCertificateCommand(): Command {
  const command = new Command('certificate')
    .description('Write the certificate to which merchants encrypt requests (MLE).')
    .argument('<file>', 'file to be written, in PEM')
    .option('--renew', 'make a new key first')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
  return addSettings(command, VAULT_SETTINGS).action(writeCertificate)
}

async function writeCertificate(file: string, options: CertificateOptions): Promise<void> {
  const printer = createPrinter(options.json === true)
  await withVault(readSettings({ ...options }), async (vault) => {
    const key = await (options.renew ? makeMleKey() : ensureMleKey(vault))
    const { kid, certificate } = key
    createFile(file, certificate, {
      ifThere: 'A file that is there is never overwritten: name another.',
      mode: 0o666,
    })
    if (options.renew) await storeOrRemove(vault, key, file)
    printer.result(`The certificate of key ${kid} is in ${file}. It is public.`, { kid, file })
  })
}

/** A certificate whose key is not kept must not be handed out. */
async function storeOrRemove({ store, sealer }: Vault, key: MleKey, file: string): Promise<void> {
  try {
    await storeMleKey(store, sealer, key)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
}
