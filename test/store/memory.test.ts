import { createMemoryStore } from '../../src/store/memory.ts'
import { testStore } from './conformance.ts'

testStore('memory', async (now) => ({ store: createMemoryStore(now) }))
