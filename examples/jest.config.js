// Real modules need `NODE_OPTIONS=--experimental-vm-modules` too. Where your TypeScript has a transform already, keep that one.

export default {
  testMatch: ['**/jest.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': './jest.transform.js' },
}
