import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder, PROJECT } from './process.ts'

/** Which files processes load as modules. */
export interface LoadedFiles {
  /** What a process must have in its environment to be watched, with all that it starts. */
  readonly environment: { readonly NODE_OPTIONS: string }
  /** Lists what was loaded so far, as paths from the project's folder. */
  list(): readonly string[]
}

/** Watches which files processes load. */
export function watchLoadedFiles(): LoadedFiles {
  const folder = makeFolder()
  const [loaded, recorder] = [join(folder, 'loaded.txt'), join(folder, 'recorder.mjs')]
  writeFileSync(loaded, '')
  writeFileSync(
    recorder,
    `import { appendFileSync } from 'node:fs'
     import { registerHooks } from 'node:module'
     registerHooks({
       load(url, context, next) {
         appendFileSync(${JSON.stringify(loaded)}, url + '\\n')
         return next(url, context)
       },
     })`,
  )
  const list = (): readonly string[] =>
    readFileSync(loaded, 'utf8')
      .split('\n')
      .filter((url) => url.startsWith('file:'))
      .map((url) => fileURLToPath(url).slice(PROJECT.length + 1))
  return { environment: { NODE_OPTIONS: `--import=${recorder}` }, list }
}
