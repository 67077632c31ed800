#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must get a sentence, not a syntax error.
import { existsSync } from 'node:fs'

const REQUIRED_MAJOR = 24
const running = process.versions.node
if (Number.parseInt(running, 10) < REQUIRED_MAJOR) {
  console.error(
    `coatcheck needs Node ${REQUIRED_MAJOR} or newer; this is Node ${running}. ` +
      'In a clone use "npx coatcheck …" or "npm start": the project brings its own Node.',
  )
  process.exit(1)
}
const source = new URL('../src/cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)
await import(existsSync(source) ? source : built)
