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
    const cut = path.lastIndexOf('.')
    branchAt(cut < 0 ? '' : path.slice(0, cut))[path.slice(cut + 1)] = branch
    return branch
  }
  for (const [path, leaf] of leaves) {
    const cut = path.lastIndexOf('.')
    branchAt(cut < 0 ? '' : path.slice(0, cut))[path.slice(cut + 1)] = leaf
  }
  return branchAt('')
}
