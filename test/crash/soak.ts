/** Whether the tests of this folder run for long: `npm run soak`. */
export const isSoak: boolean = process.env['SOAK'] === '1'
