import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

// Loads the test files given as arguments into this one process; tools/test.ts starts it.

for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    test(file, () => {
      throw error
    })
  }
}
