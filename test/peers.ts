import { strict as assert } from 'node:assert'
import type { TestContext } from 'node:test'

/**
 * Tells whether a test can go on with a peer: a program that the project does not bring itself.
 *
 * Without it the test is skipped, and the caller must return; with `REQUIRE_PEERS=1`, as in CI, it fails instead.
 */
export function requirePeer(
  t: TestContext,
  name: string,
  peer: { readonly found: boolean; readonly howToInstall: string },
): boolean {
  if (peer.found) return true
  const reason = `${name} is not installed: ${peer.howToInstall}`
  assert.notEqual(process.env['REQUIRE_PEERS'], '1', reason)
  t.skip(reason)
  return false
}
