import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { epochSeconds, systemClock } from '../../clock-and-random.ts'
import type { Config } from '../../config.ts'
import type { ClockFacts, MachineFacts, ServiceFacts, Speed } from './facts.ts'

const FIRST_FREE_PORT = 1024
const BIND_SERVICE = 10n

/** Looks at the machine and at who looks. */
export function observeMachine(): MachineFacts {
  const first = Number(readSystemFile('/proc/sys/net/ipv4/ip_unprivileged_port_start'))
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readSystemFile('/proc/self/status'))?.[1]
  return {
    cores: availableParallelism(),
    firstFreePort: first > 0 ? first : FIRST_FREE_PORT,
    mayBindAnyPort:
      effective === undefined
        ? process.getuid?.() === 0
        : ((BigInt(`0x${effective}`) >> BIND_SERVICE) & 1n) === 1n,
  }
}

/** Reads a file of the kernel's; empty where there is none. */
function readSystemFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Starts to watch the clocks; what is returned ends it and says what was seen. */
export function watchClock(): () => Promise<ClockFacts> {
  const [time, monotonic] = [systemClock().getTime(), performance.now()]
  return async function endWatch(): Promise<ClockFacts> {
    const watchedMilliseconds = performance.now() - monotonic
    const milliseconds = systemClock().getTime() - time - watchedMilliseconds
    return {
      now: epochSeconds(systemClock),
      drift: { milliseconds, watchedMilliseconds },
      isSynchronized: await isSynchronized(),
    }
  }
}

/** Asks systemd whether the clock is kept by NTP; undefined where it does not run. */
async function isSynchronized(): Promise<boolean | undefined> {
  try {
    const question = ['show', '--property=NTPSynchronized', '--value']
    const { stdout } = await promisify(execFile)('timedatectl', question, { timeout: 2000 })
    return new Map([
      ['yes', true],
      ['no', false],
    ]).get(stdout.trim())
  } catch {
    return undefined
  }
}

/** Asks the operators' listener of a service that may run on this machine. */
export async function observeService({
  operatorHost,
  operatorPort,
}: Pick<Config, 'operatorHost' | 'operatorPort'>): Promise<ServiceFacts> {
  const host = operatorHost.includes(':') ? `[${operatorHost}]` : operatorHost
  try {
    const signal = AbortSignal.timeout(1000)
    const { status } = await fetch(`http://${host}:${operatorPort}/readyz`, { signal })
    return status === 200 ? 'ready' : 'not ready'
  } catch {
    return 'silent'
  }
}

const MINTING_MILLISECONDS = 1000
const SIGNING_MILLISECONDS = 150

/** Measures what a core does, by CPU time, so that other work on the machine does not count. Takes a good second. */
export function measureSpeed(): Speed {
  const keys: KeyObject[] = []
  const mint = (): void => {
    keys.push(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  }
  const mintsPerSecond = rateOf(mint, MINTING_MILLISECONDS)
  const [key] = keys
  if (key === undefined) return { mintsPerSecond, signsPerSecond: 0 }
  const message = Buffer.alloc(512)
  // The first use of a key prepares its blinding.
  sign('sha256', message, key)
  const signsPerSecond = rateOf(() => sign('sha256', message, key), SIGNING_MILLISECONDS)
  return { mintsPerSecond, signsPerSecond }
}

function rateOf(work: () => unknown, milliseconds: number): number {
  const before = process.cpuUsage()
  let [count, spent] = [0, 0]
  while (spent < milliseconds * 1000) {
    work()
    count += 1
    const { user, system } = process.cpuUsage(before)
    spent = user + system
  }
  return (count / spent) * 1_000_000
}
