// Has Node take the types away, as it does when it runs a file of TypeScript itself: no compiler, no source maps.

import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
}
