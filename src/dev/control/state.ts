import type { ControlNeeds } from './needs.ts'

/** Returns the pools as the state shows them. */
export function showPools({ pools, poolStatus }: ControlNeeds): object {
  return { ...poolStatus(), kinds: pools() }
}

/** Returns everything at a glance. */
export async function showState(needs: ControlNeeds): Promise<object> {
  const { clock, faults, requests, store, startedAt, seed } = needs
  const state = clock.state()
  const set = faults.list().filter(({ left }) => left !== 0)
  const count = `${set.length} ${set.length === 1 ? 'fault is' : 'faults are'} set.`
  const signingKids = (await store.list('signing-key')).map(({ name }) => name)
  const merchants = (await store.list('merchant')).map(({ name }) => name)
  return {
    url: needs.url(),
    startedAt: startedAt.toISOString(),
    seed: seed ?? null,
    clock: state,
    faults: faults.list(),
    requests: requests.status(),
    pools: showPools(needs),
    signingKeys: signingKids.map((kid) => ({ kid, active: kid === signingKids.at(-1) })),
    merchants,
    warnings: [
      ...(state.warning === null ? [] : [state.warning]),
      ...(set.length === 0 ? [] : [`${count} "coatcheck faults clear" removes them.`]),
    ],
  }
}
