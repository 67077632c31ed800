import { isJsonObject } from '../../protocol/parse.ts'
import { CONTROL_ROUTES, type ControlRoute } from './routes.ts'
import { REFUSAL, TEXT } from './schemas.ts'

const TAG = 'dev'
const JSON_TYPE = 'application/json'

/** Adds the control API to the OpenAPI document of the public routes. */
export function describeControl(document: object): object {
  const paths = 'paths' in document && isJsonObject(document.paths) ? document.paths : {}
  const added: Record<string, Record<string, object>> = {
    '/_dev/events': { get: describeEvents() },
  }
  for (const route of CONTROL_ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    added[path] = { ...added[path], [route.method.toLowerCase()]: describeRoute(route) }
  }
  return { ...document, paths: { ...paths, ...added } }
}

function describeRoute({
  name,
  summary,
  path,
  query = [],
  body,
  status,
  reply,
}: ControlRoute): object {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: TEXT,
  }))
  const inQuery = query.map((parameter) => ({ name: parameter, in: 'query', schema: TEXT }))
  const content =
    body === undefined ? {} : { requestBody: { content: { [JSON_TYPE]: { schema: body } } } }
  return {
    operationId: name,
    summary,
    tags: [TAG],
    parameters: [...inPath, ...inQuery],
    ...content,
    responses: {
      [status]: { description: 'Success', content: { [JSON_TYPE]: { schema: reply } } },
      default: { description: 'Refused', content: { [JSON_TYPE]: { schema: REFUSAL } } },
    },
  }
}

function describeEvents(): object {
  const description = 'Events state, request, clock, faults, pools and reset; data is JSON.'
  return {
    operationId: 'streamEvents',
    summary: 'Stream what happens, as server-sent events',
    tags: [TAG],
    responses: { 200: { description, content: { 'text/event-stream': { schema: TEXT } } } },
  }
}
