import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder, run, type Start } from '../process.ts'

interface Mistake {
  readonly title: string
  readonly args: readonly string[]
  readonly says: RegExp
  readonly environment?: Start['environment']
}

const MISTAKES: readonly Mistake[] = [
  {
    title: 'a flag with a letter missing',
    args: ['merchants', 'add', 'x', '--sesion-keys', 'rotated'],
    says: /unknown option '--sesion-keys'\.\n {2}Did you mean --session-keys\?$/,
  },
  {
    title: 'a flag in capitals',
    args: ['serve', '--PORT', '1'],
    says: /unknown option '--PORT'\.\n {2}Did you mean --port\?$/,
  },
  {
    title: 'a flag written as in the file',
    args: ['serve', '--rootKeyFile=x'],
    says: /unknown option '--rootKeyFile=x'\.\n {2}Did you mean --root-key-file\?$/,
  },
  {
    title: 'a flag that resembles none',
    args: ['dev', '--colour'],
    says: /unknown option '--colour'\.\n {2}See "coatcheck dev --help"\.$/,
  },
  {
    title: 'a misspelt subcommand',
    args: ['merchants', 'lst'],
    says: /unknown command 'lst'\.\n {2}Did you mean "coatcheck merchants list"\?$/,
  },
  {
    title: 'a misspelt command',
    args: ['merchnts', 'list'],
    says: /unknown command 'merchnts'\.\n {2}Did you mean "coatcheck merchants"\?$/,
  },
  {
    title: 'a command that resembles none',
    args: ['merchants', 'frobnicate'],
    says: /unknown command 'frobnicate'\.\n {2}There are: add, list, show, /,
  },
  {
    title: 'help on a misspelt command',
    args: ['help', 'merchnts'],
    says: /unknown command 'merchnts'\.\n {2}Did you mean "coatcheck merchants"\?$/,
  },
  {
    title: 'help on a misspelt subcommand',
    args: ['merchants', 'help', 'lst'],
    says: /unknown command 'lst'\.\n {2}Did you mean "coatcheck merchants list"\?$/,
  },
  {
    title: 'help on a misspelt subcommand, from above',
    args: ['help', 'keys', 'rewarp'],
    says: /unknown command 'rewarp'\.\n {2}Did you mean "coatcheck keys rewrap"\?$/,
  },
  {
    title: 'help on what is below no command',
    args: ['help', 'keys', 'rewrap', 'list'],
    says: /unknown command 'list'\.\n {2}See "coatcheck keys rewrap --help"\.$/,
  },
  {
    title: 'a command that resembles none, beside one that runs by default',
    args: ['clock', 'nope'],
    says: /unknown command 'nope'\.\n {2}There are: show, freeze, set, /,
  },
  {
    title: 'a misspelt command with a flag, beside one that runs by default',
    args: ['clock', 'advnce', '16m', '--signatures-follow'],
    says: /unknown command 'advnce'\.\n {2}Did you mean "coatcheck clock advance"\?$/,
  },
  {
    title: 'an argument too many of a command that runs by default too',
    args: ['faults', 'list', 'f1'],
    says: /too many arguments .*\n {2}Write: coatcheck faults list \[options\]$/,
  },
  {
    title: 'a misspelt choice',
    args: ['merchants', 'add', 'x', '--session-keys', 'rotatd'],
    says: /It is one-time or rotated\.\n {2}Did you mean rotated\?$/,
  },
  {
    title: 'another misspelt choice',
    args: ['session', '--authentication', 'http-signature'],
    says: /Allowed choices are jwt, http_signature\.\n {2}Did you mean http_signature\?$/,
  },
  {
    title: 'a misspelt field',
    args: ['session', '--field', 'nmber'],
    says: /No session can have this field\. Did you mean number\?/,
  },
  {
    title: 'a flag without its value',
    args: ['merchants', 'add', 'x', '--session-keys'],
    says: /'--session-keys <policy>' argument missing\.\n {2}Write --session-keys one-time or --session-keys rotated: /,
  },
  {
    title: 'a flag in the place of a value',
    args: ['keys', 'list', '--data', '--root-key-file', 'x'],
    says: /'--data <folder>' has no value: --root-key-file follows\.\n {2}Write --data <folder>: folder of the embedded store/,
  },
  {
    title: 'no argument',
    args: ['merchants', 'add'],
    says: /missing required argument 'id'\.\n {2}Write: coatcheck merchants add \[options\] <id>$/,
  },
  {
    title: 'an argument too many',
    args: ['merchants', 'show', 'a', 'b'],
    says: /too many arguments .*\n {2}Write: coatcheck merchants show \[options\] <id>$/,
  },
  {
    title: 'a value of a setting that is no number',
    args: ['dev', '--port', 'abc'],
    says: /^coatcheck: The setting port .* is not a whole number from 0 to 65535\.\n {2}Correct --port\.$/,
  },
  {
    title: 'a value of a setting out of its range',
    args: ['serve', '--workers', '-1'],
    says: /The setting workers .* is not a whole number from 0 to 256\.\n {2}Correct --workers\.$/,
  },
  {
    title: 'a misspelt choice of a setting',
    args: ['keys', 'list', '--root-key-in', 'shar'],
    says: /is not one of file, .*\n {2}Correct --root-key-in\. Did you mean shares\?$/,
  },
  {
    title: 'a time that is none',
    args: ['dev', '--freeze', 'noon'],
    says: /'--freeze \[time\]' argument 'noon' is invalid\. It must be ISO 8601 .*\n {2}See "coatcheck dev --help"\.$/,
  },
  {
    title: 'standard input for two things',
    args: ['verify', '-', '--context', '-'],
    says: /cannot be both token and context\.\n {2}Name a file for one of them\.$/,
  },
  {
    title: 'a token in two places',
    args: ['inspect', '--file', 'f', 'x'],
    says: /Both a token and --file are given\.\n {2}Leave one of them out\.$/,
  },
  {
    title: 'a change of nothing',
    args: ['merchants', 'set', 'shop-1'],
    says: /No setting is named\.\n {2}Name one, such as --session-seconds 600; /,
  },
  {
    title: 'a flag without the one that it needs',
    args: ['rehearse', '--merchant-id', 'shop-1', '--key-id', 'k'],
    says: /needs both its key id and itself\.\n {2}Name the key id with --key-id, and .* --secret-file\.$/,
  },
  {
    title: 'two flags that exclude each other',
    args: ['session', '--request', 'x', '--field', 'number'],
    says: /'--request <file>' cannot be used with option '--field <path>'\.\n {2}Leave one of them out\.$/,
  },
]

for (const { title, args, says } of MISTAKES) {
  test(`${title} is a mistake in usage, with one message that names the right one`, async (t) => {
    const { code, stdout, stderr } = await run(t, args)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^coatcheck: /)
    assert.match(stderr.trimEnd(), says)
    assert.equal(stderr.trimEnd().split('\n').length, 2)
  })
}

const MISCONFIGURED: readonly Mistake[] = [
  {
    title: 'a port in the environment that is no number',
    args: ['serve'],
    environment: { COATCHECK_PORT: 'abc' },
    says: /^coatcheck: The setting port .* from 0 to 65535\.\n {2}Correct COATCHECK_PORT in the environment\.$/,
  },
  {
    title: 'a misspelt choice in the environment',
    args: ['dev'],
    environment: { COATCHECK_LOG_LEVEL: 'WARN' },
    says: /\n {2}Correct COATCHECK_LOG_LEVEL in the environment\. Did you mean warn\?$/,
  },
  {
    title: 'a misspelt variable',
    args: ['dev'],
    environment: { COATCHECK_PAGE_ORIGIN: 'x' },
    says: /unknown variable COATCHECK_PAGE_ORIGIN\.\n {2}Did you mean COATCHECK_PAGE_ORIGINS\? Known are: /,
  },
  {
    title: 'a misspelt name in the file',
    args: ['serve', '--config', 'misspelt.json'],
    says: /unknown setting "pool-target"\.\n {2}Did you mean poolTarget\? Known are: /,
  },
  {
    title: 'a bad value in the file',
    args: ['serve', '--config', 'bad.json'],
    says: /The setting workers .*\n {2}Correct "workers" in the configuration file\.$/,
  },
]

for (const { title, args, environment = {}, says } of MISCONFIGURED) {
  test(`${title} is named with where it comes from`, async (t) => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'misspelt.json'), JSON.stringify({ 'pool-target': 1 }))
    writeFileSync(join(folder, 'bad.json'), JSON.stringify({ workers: 'two' }))
    const { code, stdout, stderr } = await run(t, args, { folder, environment })
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr.trimEnd(), says)
  })
}

test('help on a subcommand is its help, wherever the word help stands', async (t) => {
  const [own, above, between, bare] = await Promise.all(
    ['keys rewrap --help', 'help keys rewrap', 'keys help rewrap', 'help'].map((words) =>
      run(t, words.split(' ')),
    ),
  )
  assert.match(own?.stdout ?? '', /^Usage: coatcheck keys rewrap /)
  assert.deepEqual([above, between], [own, own])
  assert.deepEqual([bare?.code, bare?.stderr], [0, ''])
  assert.match(bare?.stdout ?? '', /^Usage: coatcheck \[options\] \[command\]\n/)
})

test('a flag that is given twice is told of, and the last one counts', async (t) => {
  const folder = makeFolder()
  const twice = ['keys', 'list', '--data', 'one', '--data', 'two']
  const { stderr } = await run(t, twice, { folder })
  assert.match(
    stderr,
    /^coatcheck: --data is given twice: the last one counts\.\n {2}Leave one of them out\.\n/,
  )
  await run(t, ['keys', 'init', '--data', 'two'], { folder })
  const listed = await run(t, twice, { folder })
  assert.equal(listed.code, 0)
  assert.match(listed.stdout, /^signing key/m)
  const asJson = await run(t, [...twice, '--json'], { folder })
  assert.equal(asJson.stderr, '')
})

test('a flag whose help says repeatable may be given twice', async (t) => {
  const { stderr } = await run(t, ['session', '--field', 'number', '--field', 'securityCode?'])
  assert.doesNotMatch(stderr, /given twice/)
})

test('with --json a mistake in usage is JSON too', async (t) => {
  const { code, stderr } = await run(t, ['merchants', 'lst', '--json'])
  assert.equal(code, 2)
  assert.deepEqual(JSON.parse(stderr), {
    error: { problem: "unknown command 'lst'.", fix: 'Did you mean "coatcheck merchants list"?' },
  })
})
