import { splitPath } from './field-catalogue.ts'

/** A tree of objects whose leaves are of type `Leaf`. */
export interface Tree<Leaf> {
  [name: string]: Tree<Leaf> | Leaf
}

/** Builds the tree that dotted paths describe. Paths must not be prefixes of one another. */
export function nest<Leaf>(leaves: Iterable<readonly [path: string, leaf: Leaf]>): Tree<Leaf> {
  const branches = new Map<string, Tree<Leaf>>([['', {}]])
  const branchAt = (path: string): Tree<Leaf> => {
    const known = branches.get(path)
    if (known !== undefined) return known
    const branch: Tree<Leaf> = {}
    branches.set(path, branch)
    const [parent, name] = splitPath(path)
    branchAt(parent)[name] = branch
    return branch
  }
  for (const [path, leaf] of leaves) {
    const [branch, name] = splitPath(path)
    branchAt(branch)[name] = leaf
  }
  return branchAt('')
}
