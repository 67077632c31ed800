import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of the console that are served as they are written. */
export const STATIC_FILES = ['index.html', 'icon.svg'] as const

/**
 * Bundles the script and the styles of the console from their source; a clone does it when the console is first asked for,
 * and the published package has it done.
 *
 * @param folder the source, `src/console`.
 * @returns the content of every file of the console by its name.
 */
export async function bundleConsole(
  folder: string,
  { minify }: { readonly minify: boolean },
): Promise<ReadonlyMap<string, Buffer>> {
  const { buildSync } = await import('esbuild')
  // In one go, so that no process of the bundler stays.
  const { outputFiles } = buildSync({
    absWorkingDir: folder,
    entryPoints: ['main.tsx', 'main.css'],
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    minify,
  })
  return new Map([
    ...STATIC_FILES.map((name) => [name, readFileSync(join(folder, name))] as const),
    ...outputFiles.map(
      ({ path, contents }) => [path.replace(/^.*[\\/]/, ''), Buffer.from(contents)] as const,
    ),
  ])
}
