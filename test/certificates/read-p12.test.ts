import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { createMerchantP12 } from '../../src/certificates/create-merchant-p12.ts'
import { readP12 } from '../../src/certificates/read-p12.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { makeFolderWithOpenssl, type Folder } from './folder.ts'

const password = 'secret'
const { p12, certificatePem } = await createMerchantP12({
  merchantId: 'testmid',
  serialNumber: '1',
  password,
  now: systemClock,
  random: systemRandom,
})

/** Exports what `openssl` finds in the file `from`, with more options, and returns the new file. */
function exportAgain(folder: Folder, from: string, options: string): Buffer {
  folder.openssl(`pkcs12 -export -in ${from} -passout pass:${password} -out again.p12 ${options}`)
  return folder.read('again.p12')
}

/** Writes key and certificate of the merchant to `all.pem`. */
function writePem(folder: Folder): void {
  folder.write('merchant.p12', p12)
  folder.openssl(`pkcs12 -in merchant.p12 -passin pass:${password} -noenc -out all.pem`)
}

for (const [kind, options] of [
  ['AES-256', '-name testmid'],
  ['3DES', '-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg SHA1'],
  ['RC2', '-legacy'],
  ['nothing', '-keypbe NONE -certpbe NONE'],
  ['AES-128 without a MAC', '-keypbe aes-128-cbc -nomac'],
] as const) {
  test(`files of openssl are read, encrypted with ${kind}`, (t) => {
    const folder = makeFolderWithOpenssl(t)
    if (folder === undefined) return
    if (kind === 'RC2' && folder.run('openssl', 'list -providers -provider legacy').status !== 0) {
      t.skip('this openssl cannot write such files')
      return
    }
    writePem(folder)
    const again = exportAgain(folder, 'all.pem', options)
    assert.equal(readP12(again, { password }).certificatePem, certificatePem)
    // Without encryption and MAC no password is wrong.
    assert.throws(() => readP12(again, { password: 'Secret' }), {
      problem: 'The password is not that of the PKCS#12 file.',
    })
  })
}

test('what is not a PKCS#12 file is refused as such', () => {
  const der = Buffer.from(certificatePem.replaceAll(/-----.*-----|\n/g, ''), 'base64')
  const files = [
    Buffer.alloc(0),
    Buffer.from('text'),
    Buffer.from(certificatePem),
    der,
    p12.subarray(0, 1000),
    Buffer.concat([p12, Buffer.from('\n')]),
    Buffer.alloc(1000, 0x30),
  ]
  for (const file of files) {
    assert.throws(() => readP12(file, { password }), { problem: 'The file is not a PKCS#12 file.' })
  }
})

test('a file that is damaged under its MAC is refused', () => {
  for (let at = 64; at < p12.length - 96; at += 211) {
    const damaged = Buffer.from(p12)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at)
    assert.throws(() => readP12(damaged, { password }), { name: 'OperatorError' }, `at ${at}`)
  }
})

test('a file made in a way that clients cannot read says so', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  writePem(folder)
  for (const options of ['-keypbe camellia-256-cbc', '-macalg sha3-256']) {
    assert.throws(() => readP12(exportAgain(folder, 'all.pem', options), { password }), {
      problem: 'The PKCS#12 file is made in a way that clients cannot read.',
    })
  }
})

test('a file without a certificate, or without its key, says so', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  writePem(folder)
  folder.openssl('pkey -in all.pem -out key.pem')
  assert.throws(() => readP12(exportAgain(folder, 'key.pem', '-nocerts'), { password }), {
    problem: 'The PKCS#12 file holds no certificate.',
  })
  assert.throws(() => readP12(exportAgain(folder, 'all.pem', '-nokeys'), { password }), {
    problem: 'The PKCS#12 file holds no private key that belongs to a certificate of it.',
  })
})

test('of several certificates for the key, the one with the CN is taken', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  writePem(folder)
  folder.openssl('pkey -in all.pem -out key.pem')
  for (const name of ['testmid', 'other']) {
    folder.openssl(`req -x509 -key key.pem -subj /CN=${name}/serialNumber=2 -out ${name}.pem`)
  }
  folder.write(
    'both.pem',
    Buffer.concat(['testmid', 'other'].map((name) => folder.read(`${name}.pem`))),
  )
  const options = '-inkey key.pem -certfile both.pem'
  const file = exportAgain(folder, 'testmid.pem', options)
  for (const merchantId of ['testmid', 'other']) {
    const read = readP12(file, { password, merchantId })
    assert.equal(read.certificatePem, folder.read(`${merchantId}.pem`).toString())
    assert.equal(read.certificatePems.length, 2)
  }
  assert.throws(() => readP12(file, { password }), {
    problem: 'Several certificates in the PKCS#12 file belong to a private key.',
  })
  assert.throws(() => readP12(file, { password, merchantId: 'TESTMID' }), {
    problem: /^No certificate .* has the merchant id as CN\.$/,
  })
})

test('a certificate for an elliptic curve is found, to be refused as what it is', (t) => {
  const folder = makeFolderWithOpenssl(t)
  if (folder === undefined) return
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem'
  folder.openssl(`req -x509 ${key} -subj /CN=testmid -out curve.pem`)
  const file = exportAgain(folder, 'curve.pem', '-inkey key.pem')
  assert.equal(readP12(file, { password }).certificatePem, folder.read('curve.pem').toString())
})
