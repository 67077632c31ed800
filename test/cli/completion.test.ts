import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { requirePeer } from '../peers.ts'
import { makeFolder, run, WHOLE_FILE } from '../process.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** Where the scripts are, beside a file and a folder to be completed. */
const folder = makeFolder()
before(async () => {
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await run(WHOLE_FILE, ['completion', shell])
    assert.equal(code, 0, stderr)
    writeFileSync(join(folder, `coatcheck.${shell}`), stdout)
  }
})

function hasShell(t: TestContext, shell: Shell): boolean {
  const found = spawnSync(shell, ['-c', 'exit 0']).status === 0
  return requirePeer(t, shell, { found, howToInstall: `apt-get install ${shell}` })
}

function runShell(shell: Shell, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb' },
  })
  assert.equal(status, 0, stderr)
  return stdout
}

/** What a shell is asked, and what it must, and must not, offer. The last word is being typed. */
const ASKED: readonly (readonly [line: string, offers: readonly string[], not: string])[] = [
  ['coatcheck ', ['dev', 'serve', 'merchants', 'doctor', 'completion'], 'add'],
  ['coatcheck mer', ['merchants'], 'dev'],
  ['coatcheck merchants ', ['add', 'list', 'show'], 'dev'],
  ['coatcheck merchants add shop-1 --session-keys ', ['one-time', 'rotated'], 'list'],
  ['coatcheck merchants add shop-1 --session-keys r', ['rotated'], 'one-time'],
  ['coatcheck serve --op', ['--operator-host', '--operator-port'], '--origin'],
  ['coatcheck dev --log-level ', ['info', 'warn', 'error', 'silent'], '--port'],
  ['coatcheck serve --config coatcheck.z', ['coatcheck.zsh'], 'coatcheck.bash'],
  ['coatcheck completion ', ['bash', 'zsh', 'fish'], 'dev'],
  ['coatcheck session --authentication h', ['http_signature'], 'jwt'],
]

function quote(text: string): string {
  return `'${text}'`
}

function askBash(line: string): readonly string[] {
  const words = line.split(' ')
  const script = [
    'source coatcheck.bash',
    `COMP_WORDS=(${words.map(quote).join(' ')}); COMP_CWORD=${words.length - 1}`,
    'complete -p coatcheck | grep -q -- "-F _coatcheck" && _coatcheck 2>/dev/null',
    String.raw`printf '%s\n' "${'${COMPREPLY[@]}'}"`,
  ]
  return runShell('bash', ['--norc', '-c', script.join('\n')]).split('\n')
}

for (const [line, offers, not] of ASKED) {
  test(`bash completes "${line}"`, (t) => {
    if (!hasShell(t, 'bash')) return
    const offered = askBash(line)
    for (const offer of offers) assert.ok(offered.includes(offer), `${offer}: ${offered.join(' ')}`)
    assert.equal(offered.includes(not), false)
  })

  test(`fish completes "${line}"`, (t) => {
    if (!hasShell(t, 'fish')) return
    const script = `function coatcheck; end; source coatcheck.fish; complete -C ${quote(line)}`
    const offered = runShell('fish', ['--no-config', '-c', script])
      .split('\n')
      .map((row) => row.split('\t')[0])
    for (const offer of offers) assert.ok(offered.includes(offer), `${offer}: ${offered.join(' ')}`)
    assert.equal(offered.includes(not), false)
  })
}

test('bash completes the value in --flag=value, which it takes apart', (t) => {
  if (!hasShell(t, 'bash')) return
  assert.ok(askBash('coatcheck merchants add x --session-keys = ro').includes('rotated'))
  assert.ok(askBash('coatcheck merchants add x --session-keys =').includes('one-time'))
})

test('a folder is completed with folders only', (t) => {
  if (!hasShell(t, 'bash')) return
  assert.deepEqual(askBash('coatcheck serve --data coat'), ['', ''])
})

/** Types into a zsh of its own, presses Tab, and returns what the terminal shows. */
function askZsh(typed: string): string {
  const script = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PS1=; autoload -Uz compinit; compinit -D -u; source ./coatcheck.zsh; print REA''DY"
    zpty -r z out '*READY*'
    zpty -w -n z ${quote(typed)}$'\\t'
    sleep 1
    while zpty -r -t z out; do print -r -- "$out"; done
    zpty -d z`
  return runShell('zsh', ['-f', '-c', script])
}

for (const [typed, shown] of [
  ['coatcheck merch', /coatcheck.*merchants|ants/],
  ['coatcheck merchants ', /show +-- Show a merchant/],
  ['coatcheck merchants add x --session-keys r', /otated/],
  ['coatcheck serve --op', /erator-/],
] as const) {
  test(`zsh completes "${typed}"`, (t) => {
    if (!hasShell(t, 'zsh')) return
    assert.match(askZsh(typed), shown)
  })
}

test('a shell that there is no completion for is a mistake in usage', async (t) => {
  const { code, stderr } = await run(t, ['completion', 'bahs'])
  assert.equal(code, 2)
  assert.match(stderr, /Allowed choices are bash, zsh, fish\.\n {2}Did you mean bash\?/)
})
