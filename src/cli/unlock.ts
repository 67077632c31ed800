import type { Config } from '../config.ts'
import { OperatorError } from '../errors.ts'
import type { RootKey } from '../keys/root-key.ts'

export async function recallSharedRootKey(_config: Config): Promise<RootKey> {
  throw new OperatorError('x', 'x')
}
