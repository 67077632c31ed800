import type { Note } from './note.ts'
import type { Explained, Kind, Scene } from './report.ts'

/** One kind of JWT: how it is recognised and what explains it. */
export interface JwtKind {
  readonly kind: Kind
  /** The kind in words. */
  title(scene: Scene): string
  isIt(scene: Scene): boolean
  readonly header: readonly Note[]
  /** Explains the claims, part by part. */
  explain(scene: Scene): readonly Explained[]
  /** What only several members together show, a sentence each; undefined when all is well. */
  readonly checks: readonly ((scene: Scene) => string | undefined)[]
}
