import type { FastifyServerOptions } from 'fastify'

type Factories = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>

/**
 * For applications in which no schema is compiled: parsers decide, and answers are bytes already. Without it Fastify loads, at
 * every start, a hundred files of compilers that nobody asks.
 */
export const NO_SCHEMAS: { readonly compilersFactory: Factories } = {
  compilersFactory: { buildValidator: refuse, buildSerializer: refuse },
}

function refuse(): never {
  throw new Error('this application compiles no schemas')
}
