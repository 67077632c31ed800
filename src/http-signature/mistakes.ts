import { REQUEST_TARGETS, signatureBase } from './base.ts'
import { headerNames, type SignedMessage } from './message.ts'
import { redate, rename, repath, retarget, revalue, write, type Line } from './rewrite.ts'
import { componentsFor } from './sign.ts'

/** What the caller knows beyond the request, to guess at what its client signed. */
export interface Known {
  /** Other names of this service, `host` or `host:port`, such as the address really called; a few. Default is none. */
  readonly hosts?: readonly string[] | undefined
  /** The owner of the credential, when the header names another merchant. Default is none. */
  readonly ownerId?: string | undefined
}

/** A request whose signature did not match. */
interface Refused {
  readonly message: SignedMessage
  /** The lines of the right base. */
  readonly lines: readonly Line[]
  readonly known: Known
}

/** A known mistake of clients, and the strings that it makes of a request; some may equal the right string. */
interface Mistake {
  readonly mistake: string
  readonly bases: (refused: Refused) => readonly string[]
}

/** The known mistakes of clients, likelier ones first. */
export const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'The string says `(request-target)` where the list says `request-target`.',
    bases: ({ lines }) => [swap(lines, 'request-target', '(request-target)')],
  },
  {
    mistake: 'The string says `request-target` where the list says `(request-target)`.',
    bases: ({ lines }) => [swap(lines, '(request-target)', 'request-target')],
  },
  {
    mistake:
      'The date was computed twice, once for the string and once for the header, and the two are a second apart: Node clients before 0.0.82 and PHP clients do so now and then; send the request again, or update the client.',
    bases: ({ lines }) => [...redate(lines, -1), ...redate(lines, 1)],
  },
  {
    mistake: 'The date is written in one form in the string and in another in the header.',
    bases: ({ lines }) => redate(lines, 0),
  },
  {
    mistake: 'The string was signed with another host than the `host` header.',
    bases: ({ lines, known }) =>
      otherHosts(lines, known).map((host) => revalue(lines, ['host'], () => host)),
  },
  {
    mistake: 'The string holds the owner of the key where the header holds another merchant id.',
    bases: ({ lines, known: { ownerId } }) => [
      revalue(lines, ['v-c-merchant-id'], (sent) => ownerId ?? sent),
    ],
  },
  {
    mistake: 'The string ends with a line break: the last line must have none.',
    bases: ({ lines }) => [`${write(lines)}\n`],
  },
  {
    mistake: 'The lines are joined with CR LF: they must be joined with LF alone.',
    bases: ({ lines }) => joined(lines, '\r\n'),
  },
  {
    mistake: 'The lines are joined with a backslash and an `n`: they must be joined with LF.',
    bases: ({ lines }) => joined(lines, '\\n'),
  },
  {
    mistake: 'The method in the string is in upper case: it must be in lower case.',
    bases: ({ lines }) => [retarget(lines, (method, path) => `${method.toUpperCase()} ${path}`)],
  },
  {
    mistake: 'The request target in the string lacks the method.',
    bases: ({ lines }) => [retarget(lines, (_, target) => target)],
  },
  {
    mistake: 'The request target in the string lacks the query.',
    bases: ({ lines }) => [repath(lines, (path) => path)],
  },
  {
    mistake: 'The request target in the string ends with a question mark that was not sent.',
    bases: ({ lines }) => [repath(lines, (path, query) => `${path}${query || '?'}`)],
  },
  {
    mistake: 'The path in the string ends with a slash, the path of the request does not.',
    bases: ({ lines }) => [repath(lines, (path, query) => `${path}/${query}`)],
  },
  {
    mistake: 'The path of the request ends with a slash, the path in the string does not.',
    bases: ({ lines }) => [repath(lines, (path, query) => path.replace(/\/$/, '') + query)],
  },
  {
    mistake: 'The path was percent-decoded before it was signed: it must be signed as sent.',
    bases: ({ lines }) => [
      repath(lines, (path, query) => decode(path) + query),
      repath(lines, (path, query) => decode(path + query)),
    ],
  },
  {
    mistake: 'The request target in the string is a whole URL: it must be path and query only.',
    bases: ({ lines, known }) =>
      [...hostsOf(lines), ...otherHosts(lines, known)].flatMap((host) =>
        ['https://', 'http://', ''].map((scheme) =>
          repath(lines, (path, query) => scheme + host + path + query),
        ),
      ),
  },
  {
    mistake: 'The digest in the string lacks the prefix `SHA-256=`.',
    bases: ({ lines }) => [revalue(lines, ['digest'], (sent) => sent.replace(/^SHA-256=/i, ''))],
  },
  {
    mistake: 'The digest in the header lacks the prefix `SHA-256=` that it has in the string.',
    bases: ({ lines }) => [revalue(lines, ['digest'], (sent) => `SHA-256=${sent}`)],
  },
  {
    mistake: 'The names in the string are not in lower case.',
    bases: ({ lines, message }) => [
      rename(lines, (name) => headerNames(message, name)[0] ?? name),
      rename(lines, titleCase),
      rename(lines, (name) => (REQUEST_TARGETS.includes(name) ? name : titleCase(name))),
    ],
  },
  {
    mistake: 'The names in the string are not followed by exactly a colon and a space.',
    bases: ({ lines }) => [':', ' : ', ':  '].map((colon) => write(lines, colon)),
  },
  {
    mistake: 'The string says `v-c-date` where the list says `date`, or the other way round.',
    bases: ({ lines }) => [swap(lines, 'date', 'v-c-date'), swap(lines, 'v-c-date', 'date')],
  },
  {
    mistake: 'The lines of the string are in another order than the list.',
    bases: ({ lines }) => [ordered(lines, USUAL_ORDER), ordered(lines, USUAL_ORDER.toSorted())],
  },
  {
    mistake: 'The string holds the usual lines of such a request, the list names others.',
    bases: ({ message }) => ['GET', 'POST'].flatMap((method) => usual(message, method)),
  },
  {
    mistake: 'The string leaves out a line that the list names.',
    bases: ({ lines }) => lines.map((left) => write(lines.filter((line) => line !== left))),
  },
]

const USUAL_ORDER: readonly string[] = [
  'host',
  'date',
  'v-c-date',
  'request-target',
  '(request-target)',
  'digest',
  'v-c-merchant-id',
]

function swap(lines: readonly Line[], from: string, to: string): string {
  return rename(lines, (name) => (name === from ? to : name))
}

function joined(lines: readonly Line[], lineBreak: string): readonly string[] {
  const text = write(lines, ': ', lineBreak)
  return [text, text + lineBreak]
}

function ordered(lines: readonly Line[], order: readonly string[]): string {
  return write(lines.toSorted(([left], [right]) => order.indexOf(left) - order.indexOf(right)))
}

function usual(message: SignedMessage, method: string): readonly string[] {
  const right = signatureBase(message, componentsFor(method))
  if (!right.ok) return []
  return [right.base, right.base.replace('\nrequest-target: ', '\n(request-target): ')]
}

function hostsOf(lines: readonly Line[]): readonly string[] {
  return lines.filter(([name]) => name === 'host').map(([, value]) => value)
}

function otherHosts(lines: readonly Line[], known: Known): readonly string[] {
  const hosts = [...(known.hosts ?? []), ...hostsOf(lines)]
  return hosts.flatMap((host) => [host, host.replace(/:\d+$/, '')])
}

function titleCase(name: string): string {
  return name.replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase())
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
