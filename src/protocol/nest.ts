import { namesOf } from './field-catalogue.ts'

/** A tree of objects whose leaves are of type `Leaf`. */
export interface Tree<Leaf> {
  [name: string]: Tree<Leaf> | Leaf
}

/** Builds the tree that dotted paths describe. Paths must not be prefixes of one another. */
export function nest<Leaf>(leaves: Iterable<readonly [path: string, leaf: Leaf]>): Tree<Leaf> {
  const root: Tree<Leaf> = {}
  for (const [path, leaf] of leaves) {
    const names = namesOf(path)
    let branch = root
    for (const name of names.slice(0, -1)) branch = branchOf(branch, name)
    branch[names.at(-1) ?? ''] = leaf
  }
  return root
}

function branchOf<Leaf>(parent: Tree<Leaf>, name: string): Tree<Leaf> {
  const known = Object.hasOwn(parent, name) ? parent[name] : undefined
  if (known !== undefined) return known as Tree<Leaf>
  const branch: Tree<Leaf> = {}
  parent[name] = branch
  return branch
}
