import * as fc from 'fast-check'
import { FIELD_PATHS } from '../../src/protocol/field-catalogue.ts'

/** Published test card numbers. */
export const PANS = ['4111111111111111', '378282246310005', '5555555555554444'] as const

/** Digits that may be a card number, though they need not pass its checks. */
export const pan: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...PANS),
  fc.stringMatching(/^[0-9]{12,19}$/),
)

const SEGMENTS = [...new Set(FIELD_PATHS.flatMap((path) => path.split('.')))]

/** Names that a request may have by intention, by mistake or by malice. */
export const memberName: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SEGMENTS, ...FIELD_PATHS, 'fields', 'required') },
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '.', '..', 'a.b.c.d.e.f.g.h'),
  pan,
  pan.map((digits) => `n${digits}`),
  pan.map((digits) => digits.replaceAll(/(...)/g, 'n$1_')),
  pan.map((digits) => digits.replaceAll(/(..)/g, 'n$1.')),
  fc.string(),
)

/** JSON text: any, and such as comes near to a request. */
export const anyJson: fc.Arbitrary<string> = fc.oneof(fc.json(), {
  weight: 3,
  arbitrary: nearRequest().map((value) => JSON.stringify(value)),
})

function nearRequest(): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom(
        {},
        { required: false },
        { required: true },
        [],
        null,
        '',
        true,
        4111111111111111,
      ),
      pan,
      fc.dictionary(memberName, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  const known = fc
    .tuple(fc.constantFrom(...FIELD_PATHS), fc.constantFrom({}, { required: false }, 'x', PANS[0]))
    .map(([path, leaf]) =>
      path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), leaf),
    )
  return fc.oneof(
    tree,
    fc.oneof(tree, known).map((fields) => ({ fields })),
  )
}

/** The digits of a text, in one run. */
export function digitsOf(text: string): string {
  return text.replaceAll(/[^0-9]/g, '')
}
